/**
 * `npm run bench:steps [-- --steps N --repetitions N --beside COMMIT]`: what the engine takes for a step
 * of the embedded model, beside the engine of an earlier commit (f507850, before steps were made faster).
 *
 * A run of this code is recorded: every request for samples and every update of its steps, with prompts,
 * seeds, data and losses as the loop sent them. Both engines, each a server in a process of its own with
 * the same Python, then answer the same requests in turn, call by call, so that whatever else the machine
 * does meets both; who goes first changes with every repetition. Updates are made at a rate so small that
 * both policies, and with them their answers, stay what they were. The rest of a step, programs, grading
 * and the database, is this code's for both, as the recorded run measured it.
 */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { execa } from 'execa';

import type { Engine } from '../../server/protocol/engine.ts';
import { startEngineProcess } from '../../server/src/engine/engineProcess.ts';
import { connectEngine } from '../../server/src/engine/openEngine.ts';
import { enginePython } from '../../server/src/machine/enginePython.ts';
import { recordSteps, type RecordedCall } from './recordedSteps.ts';

const WARM_UPS = 1;
const STILL = 1e-12;
/** What /proc counts processor time in, on every Linux there is. */
const TICKS_PER_SECOND = 100;

interface Side {
  readonly engine: Engine;
  readonly processId: number;
  readonly close: () => Promise<void>;
}

interface Figures {
  readonly seconds: number;
  /** Of the engine's process; undefined where the system does not tell. */
  readonly processorSeconds: number | undefined;
  readonly tokens: number;
}

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '3' },
    repetitions: { type: 'string', default: '5' },
    beside: { type: 'string', default: 'f507850' },
    seed: { type: 'string', default: '5' },
  },
});
const [steps, repetitions] = [Number(values.steps), Number(values.repetitions)];
const root = path.join(import.meta.dirname, '../..');
const folder = await mkdtemp(path.join(tmpdir(), 'azr-bench-steps-'));
try {
  console.log(
    `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, load ${loadavg()[0]!.toFixed(1)}`,
  );
  const recorded = await recordSteps(steps, Number(values.seed));
  const earlier = await packageOf(values.beside);
  const sides = [
    await openSide(path.join(root, 'server/engine/src'), recorded.modelFolder, 'now'),
    await openSide(earlier, recorded.modelFolder, 'then'),
  ] as const;
  try {
    const measured = await alternate(sides, recorded.calls);
    print(recorded.calls, measured, recorded.otherSeconds);
  } finally {
    await Promise.all(sides.map((side) => side.close()));
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** The Python package of the engine as it was at `commit`. */
async function packageOf(commit: string): Promise<string> {
  const target = path.join(folder, 'earlier');
  await mkdir(target);
  const inside = 'server/engine/src';
  const archive = path.join(folder, 'earlier.tar');
  await execa('git', ['archive', '--output', archive, commit, inside], { cwd: root });
  await execa('tar', ['-xf', archive, '-C', target]);
  return path.join(target, inside);
}

async function openSide(packageFolder: string, modelFolder: string, name: string): Promise<Side> {
  const server = await startEngineProcess({
    modelFolder,
    checkpointFolder: path.join(folder, `checkpoints-${name}`),
    pythonPath: enginePython(),
    packageFolder,
    logPath: path.join(folder, `${name}.log`),
  });
  const engine = await connectEngine({
    url: server.url,
    apiKey: server.apiKey,
    tokenizerFolder: modelFolder,
    trainable: 'full',
    loraRank: 1,
    loraAlpha: 1,
    loraDropout: 0,
    seed: 1,
  });
  const close = async (): Promise<void> => {
    await engine.close();
    await server.close();
  };
  return { engine, processId: server.processId, close };
}

/** Per side and call, the figures of every repetition. */
async function alternate(
  sides: readonly [Side, Side],
  calls: readonly RecordedCall[],
): Promise<[Figures[][], Figures[][]]> {
  const measured: [Figures[][], Figures[][]] = [calls.map(() => []), calls.map(() => [])];
  for (let repetition = 0; repetition < repetitions + WARM_UPS; repetition += 1) {
    for (const [index, call] of calls.entries()) {
      for (const turn of [0, 1]) {
        const side = (turn + repetition) % 2 === 0 ? 0 : 1;
        const figures = await answer(sides[side], call);
        if (repetition >= WARM_UPS) measured[side][index]!.push(figures);
      }
    }
  }
  return measured;
}

async function answer({ engine, processId }: Side, call: RecordedCall): Promise<Figures> {
  const before = await processorSeconds(processId);
  const started = performance.now();
  const tokens = await tokensOf(engine, call);
  const seconds = (performance.now() - started) / 1000;
  const after = await processorSeconds(processId);
  const processor = before === undefined || after === undefined ? undefined : after - before;
  return { seconds, processorSeconds: processor, tokens };
}

/** How many tokens were sampled, or trained on. */
async function tokensOf(engine: Engine, call: RecordedCall): Promise<number> {
  if (call.kind === 'sample') {
    const groups = await engine.sample(...call.request);
    return groups.flat().reduce((sum, { tokens }) => sum + tokens.length, 0);
  }
  const { logProbabilities } = await engine.update(...standingStill(call.request));
  return logProbabilities.reduce((sum, one) => sum + one.length, 0);
}

/** The same update at a rate that changes nothing. */
function standingStill(request: Parameters<Engine['update']>): Parameters<Engine['update']> {
  const still = request.map((part: unknown) =>
    typeof part === 'object' && part !== null && 'learningRate' in part
      ? { ...part, learningRate: STILL }
      : part,
  );
  return still as unknown as Parameters<Engine['update']>;
}

async function processorSeconds(processId: number): Promise<number | undefined> {
  if (process.platform !== 'linux') return undefined;
  const fields = (await readFile(`/proc/${processId}/stat`, 'utf8')).split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function print(
  calls: readonly RecordedCall[],
  [now, then]: readonly [Figures[][], Figures[][]],
  otherSeconds: number,
): void {
  console.log(
    `Medians of ${repetitions} repetitions of ${steps} steps, beside ${values.beside}, per step:\n`,
  );
  console.log(row('', 'then, s', 'now, s', 'ratio', 'processor', 'tokens'));
  const sums = { now: 0, then: 0 };
  for (const phase of new Set(calls.map((call) => call.phase))) {
    const places = calls.flatMap((call, index) => (call.phase === phase ? [index] : []));
    const perStep = (figures: Figures[][], figure: (one: Figures) => number): number =>
      places.reduce((sum, place) => sum + median(figures[place]!.map(figure)), 0) / steps;
    const wall = (figures: Figures[][]) => perStep(figures, ({ seconds }) => seconds);
    const processor = (figures: Figures[][]) =>
      perStep(figures, (one) => one.processorSeconds ?? Number.NaN);
    const tokens = (figures: Figures[][]) => perStep(figures, (one) => one.tokens).toFixed(0);
    sums.now += wall(now);
    sums.then += wall(then);
    console.log(
      row(
        phase,
        wall(then).toFixed(3),
        wall(now).toFixed(3),
        (wall(now) / wall(then)).toFixed(2),
        (processor(now) / processor(then)).toFixed(2),
        `${tokens(then)} / ${tokens(now)}`,
      ),
    );
  }
  const total = (name: string, others: number): void => {
    const [before, after] = [sums.then + others, sums.now + others];
    console.log(row(name, before.toFixed(3), after.toFixed(3), (after / before).toFixed(2)));
  };
  total('the engine', 0);
  total('the step', otherSeconds);
}

function row(name: string, ...cells: string[]): string {
  return name.padEnd(14) + cells.map((cell) => cell.padStart(13)).join('');
}

function median(measured: readonly number[]): number {
  const sorted = [...measured].sort((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
