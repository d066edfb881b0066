/**
 * `npm run bench:grader`: executions per second of the jail beside one fresh, unjailed Python process
 * per execution, on the same programs with the same concurrency.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, release, tmpdir } from 'node:os';
import path from 'node:path';
import { openNativeSandbox } from '../../server/src/sandbox/nativeSandbox.ts';
import { findPython } from '../../server/src/sandbox/pythonInterpreter.ts';
import { runInFreshProcess } from './freshProcess.ts';
import { loadWorkload } from './workload.ts';

/** Inputs that one induction task runs in one process. */
const INPUTS_PER_BATCH = 10;

interface Measurement {
  readonly perSecond: number;
  readonly medianMs: number;
  readonly p99Ms: number;
}

/** Runs `tasks` with `concurrency` at a time; latencies are of the tasks, the rate is of `callsPerTask`. */
async function measure(
  tasks: readonly (() => Promise<unknown>)[],
  concurrency: number,
  callsPerTask: number,
): Promise<Measurement> {
  const latencies: number[] = [];
  const waiting = tasks.values();
  const started = performance.now();
  const work = async (): Promise<void> => {
    for (const task of waiting) {
      const before = performance.now();
      await task();
      latencies.push(performance.now() - before);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  const seconds = (performance.now() - started) / 1000;
  latencies.sort((left, right) => left - right);
  const quantile = (share: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))]!;
  return {
    perSecond: (tasks.length * callsPerTask) / seconds,
    medianMs: quantile(0.5),
    p99Ms: quantile(0.99),
  };
}

function row(name: string, { perSecond, medianMs, p99Ms }: Measurement, ratio: number): string {
  return [
    name.padEnd(44),
    perSecond.toFixed(0).padStart(8),
    medianMs.toFixed(1).padStart(8),
    p99Ms.toFixed(1).padStart(8),
    `${ratio.toFixed(1)}x`.padStart(8),
  ].join(' ');
}

const { name, calls } = loadWorkload();
const python = await findPython('python3');
const workers = availableParallelism();
const sandbox = await openNativeSandbox({ workers });
const scratch = await mkdtemp(path.join(tmpdir(), 'azr-bench-'));
try {
  console.log(
    `${cpus()[0]?.model ?? 'unknown processor'}, ${workers} cores, ${process.platform} ${release()}`,
  );
  console.log(
    `Python ${sandbox.description.pythonVersion}, Node ${process.version}, load ${loadavg()[0]!.toFixed(1)}`,
  );
  console.log(`${calls.length} calls: ${name}\n`);

  const fresh = calls.map((call) => () => runInFreshProcess(python.path, scratch, call));
  const single = calls.map(
    ({ program, input }) =>
      () =>
        sandbox.run(program, input),
  );
  const batches = calls.map(
    ({ program, input }) =>
      () =>
        sandbox.runBatch(
          program,
          Array.from({ length: INPUTS_PER_BATCH }, () => input),
        ),
  );
  // Warm-up: page cache, just-in-time code, the first fork of each server.
  await measure(single.slice(0, 50), workers, 1);

  const baseline = await measure(fresh, workers, 1);
  const perExecution = await measure(single, workers, 1);
  const perCall = await measure(batches, workers, INPUTS_PER_BATCH);

  console.log(`${''.padEnd(44)}    per s   p50 ms   p99 ms    ratio`);
  console.log(row('fresh python3 -I -S, no jail', baseline, 1));
  console.log(
    row(
      'jail, one process per execution',
      perExecution,
      perExecution.perSecond / baseline.perSecond,
    ),
  );
  console.log(
    row(
      `jail, ${INPUTS_PER_BATCH} calls per process`,
      perCall,
      perCall.perSecond / baseline.perSecond,
    ),
  );
} finally {
  await sandbox.close();
  await rm(scratch, { recursive: true, force: true });
}
