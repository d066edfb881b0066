/**
 * Speed, CPU time and memory of each engine beside one fresh, unjailed Python process per execution,
 * on the same programs, with the same concurrency, in one run. Engines and baseline take turns, so that
 * whatever else the machine does meets them alike.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, release, tmpdir } from 'node:os';
import path from 'node:path';
import { findPython } from '../../server/src/sandbox/native/pythonInterpreter.ts';
import type { Engine, TestedSandbox } from '../../test/sandbox/engines.ts';
import { runInFreshProcess } from './freshProcess.ts';
import { memoryOf, startedProcesses } from './processCosts.ts';
import { ascending, quantile, timeTasks, together, type Timing } from './timing.ts';
import { loadWorkload, type Call } from './workload.ts';

/** Inputs that one induction task runs in one process. */
const INPUTS_PER_BATCH = 10;
const ROUNDS = 2;
const SAMPLES = 5;
/** A sandbox starts its second worker once programs keep the first for a while. */
const WARM_UP_MS = 1_500;
const HANG_MS = 200;

interface Line {
  readonly name: string;
  readonly callsPerTask: number;
  readonly timings: Timing[];
}

interface Measured {
  readonly engine: Engine;
  readonly single: Line;
  readonly batch: Line;
  readonly coldStartMs: number;
  readonly hangMs: number;
  readonly memory: string;
  readonly rings: readonly string[];
}

/** Prints the table for the programs in `file`, or for generated ones. */
export async function measure(engines: readonly Engine[], file: string | undefined): Promise<void> {
  const { name, calls } = loadWorkload(file);
  const python = await findPython('python3');
  const workers = availableParallelism();
  const scratch = await mkdtemp(path.join(tmpdir(), 'azr-bench-'));
  const fresh: Line = { name: 'fresh python3 -I -S, no jail', callsPerTask: 1, timings: [] };
  const measured: Measured[] = [];
  try {
    const startedMs = await freshStartMs(python.path, scratch);
    for (const engine of engines) measured.push(await measureEdges(engine, workers));
    for (let round = 0; round < ROUNDS; round += 1) {
      const tasks = calls.map((call) => () => runInFreshProcess(python.path, scratch, call));
      fresh.timings.push(await timeTasks(tasks, workers));
      for (const { engine, single, batch } of measured) {
        await measureSpeed(engine, workers, calls, single, batch);
      }
    }
    console.log(
      `${cpus()[0]?.model ?? 'unknown processor'}, ${workers} cores, ${process.platform} ${release()}`,
    );
    console.log(
      `Python ${python.version.join('.')}, Node ${process.version}, load ${loadavg()[0]!.toFixed(1)}`,
    );
    console.log(`${calls.length} calls, ${ROUNDS} rounds: ${name}\n`);
    printSpeed(fresh, measured);
    printEdges(startedMs, measured);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function measureSpeed(
  engine: Engine,
  workers: number,
  calls: readonly Call[],
  single: Line,
  batch: Line,
): Promise<void> {
  const sandbox = await engine.open({ workers });
  try {
    const run = ({ program, input }: Call) => sandbox.run(program, input);
    // Page cache, just-in-time code, as many workers as there are programs, and the first of each.
    const warmAt = performance.now() + WARM_UP_MS;
    while (performance.now() < warmAt) {
      await timeTasks(
        calls.slice(0, 50).map((call) => () => run(call)),
        workers,
      );
    }
    single.timings.push(
      await timeTasks(
        calls.map((call) => () => run(call)),
        workers,
      ),
    );
    const batches = calls.map(({ program, input }) => () => {
      return sandbox.runBatch(program, new Array<string>(INPUTS_PER_BATCH).fill(input));
    });
    batch.timings.push(await timeTasks(batches, workers));
  } finally {
    await sandbox.close();
  }
}

/** Beside throughput: how long a start and a hang take, and how much memory waits. */
async function measureEdges(engine: Engine, workers: number): Promise<Measured> {
  const starts: number[] = [];
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    const before = performance.now();
    const sandbox = await engine.open({ workers });
    await runTrivial(sandbox);
    starts.push(performance.now() - before);
    await sandbox.close();
  }
  const unrelated = new Set(startedProcesses());
  const sandbox = await engine.open({ workers: 1, limits: { cpuMs: HANG_MS } });
  try {
    await runTrivial(sandbox);
    const hangs: number[] = [];
    for (let sample = 0; sample < SAMPLES; sample += 1) {
      const before = performance.now();
      await sandbox.run('def f(x):\n    while True: pass', '1');
      await runTrivial(sandbox);
      hangs.push(performance.now() - before - HANG_MS);
    }
    const waiting = startedProcesses().filter((pid) => !unrelated.has(pid));
    const { residentMb, proportionalMb } = memoryOf(waiting);
    const count = Math.max(1, sandbox.serverPids.length);
    const memory =
      `${(residentMb / count).toFixed(0)} MB resident` +
      (proportionalMb === undefined
        ? ''
        : `, ${(proportionalMb / count).toFixed(0)} MB proportional`);
    return {
      engine,
      single: { name: `${engine.name}, one process per execution`, callsPerTask: 1, timings: [] },
      batch: {
        name: `${engine.name}, ${INPUTS_PER_BATCH} calls per process`,
        callsPerTask: INPUTS_PER_BATCH,
        timings: [],
      },
      coldStartMs: quantile(ascending(starts), 0.5),
      hangMs: quantile(ascending(hangs), 0.5),
      memory,
      rings: sandbox.description.rings,
    };
  } finally {
    await sandbox.close();
  }
}

async function runTrivial(sandbox: TestedSandbox): Promise<void> {
  const { output } = await sandbox.run('def f(x):\n    return x + 1', '41');
  if (output !== '42') throw new Error('A trivial program gave a wrong result.');
}

async function freshStartMs(python: string, scratch: string): Promise<number> {
  const call = { program: 'def f(x):\n    return x + 1', input: '41' };
  const tasks = new Array<() => Promise<void>>(SAMPLES).fill(() =>
    runInFreshProcess(python, scratch, call),
  );
  return quantile((await timeTasks(tasks, 1)).latenciesMs, 0.5);
}

function printSpeed(fresh: Line, measured: readonly Measured[]): void {
  const lines = [fresh, ...measured.flatMap(({ single, batch }) => [single, batch])];
  const baseline = rate(fresh);
  console.log(`${''.padEnd(52)} calls/s    ratio   p50 ms   p99 ms  CPU ms/call`);
  for (const line of lines) {
    const { tasks, cpuMs, latenciesMs } = together(line.timings);
    console.log(
      [
        line.name.padEnd(50),
        rate(line).toFixed(0).padStart(8),
        `${(rate(line) / baseline).toFixed(1)}x`.padStart(8),
        quantile(latenciesMs, 0.5).toFixed(1).padStart(8),
        quantile(latenciesMs, 0.99).toFixed(1).padStart(8),
        (cpuMs / (tasks * line.callsPerTask)).toFixed(2).padStart(12),
      ].join(' '),
    );
  }
}

function rate({ timings, callsPerTask }: Line): number {
  const { tasks, seconds } = together(timings);
  return (tasks * callsPerTask) / seconds;
}

function printEdges(freshMs: number, measured: readonly Measured[]): void {
  console.log(`\nfresh python3: ${freshMs.toFixed(0)} ms from start to answer`);
  for (const { engine, coldStartMs, hangMs, memory, rings } of measured) {
    console.log(`${engine.name}: ${rings.join('; ')}`);
    console.log(
      `  cold start to first answer ${coldStartMs.toFixed(0)} ms; a hang costs ${hangMs.toFixed(0)} ms ` +
        `beyond its limit, next answer included; a worker that waits takes ${memory}`,
    );
  }
}
