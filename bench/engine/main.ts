/**
 * `npm run bench:engine [-- --repetitions N] [--model FOLDER [--large]]`: one update of the loop,
 * sampling and training, by our engine and by TRL's GRPOTrainer, in turn, in one run. With a model of
 * one's own the batch is a small one, since a model of a hundred million weights takes a CPU a minute
 * for it; `--large` gives it one for a GPU, which both sides use where there is one.
 *
 * Held equal: the model (azr-nano or the one named, all weights trained, kept in float32, on a GPU
 * multiplied in bfloat16) and its vocabulary; the prompts, in the same order; the group size; the
 * longest answer; temperature 1 with nothing cut off; one optimizer step per batch with fused AdamW on
 * the clipped objective (0.2, 0.28), gradients clipped to 1; torch and transformers, to the byte; the
 * cores and the number of threads; a learning rate so small that answers keep their lengths. The
 * peer's reference model (beta 0), its gradient checkpointing and its logging are off, and it first
 * finds the micro-batch that it trains fastest with (on a GPU the largest that fits); its group is
 * its own batching. Ours are the server and the client as the loop uses them, HTTP and JSON included.
 *
 * Counted: tokens of answers up to their end, never padding. For one core, run under `taskset -c 0`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, release, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { openEngineSide } from './engineSide.ts';
import { peerPython } from './peerEnvironment.ts';
import type { Side, UpdateFigures } from './side.ts';
import { openTrlSide } from './trlSide.ts';
import {
  equalLengthWorkload,
  largeWorkload,
  namedModelWorkload,
  solverWorkload,
  type Workload,
} from './workload.ts';

const WARM_UPS = 1;

const { values } = parseArgs({
  options: {
    repetitions: { type: 'string', default: '7' },
    model: { type: 'string' },
    large: { type: 'boolean', default: false },
  },
});
const repetitions = Number(values.repetitions);
if (!Number.isInteger(repetitions) || repetitions < 1) {
  throw new Error(`--repetitions must be a whole number from 1 on, not ${values.repetitions}.`);
}

const python = await peerPython({
  ...{ name: 'TRL', folder: 'trl', megabytes: 300 },
  requirements: path.join(import.meta.dirname, 'requirements.txt'),
});
const folder = await mkdtemp(path.join(tmpdir(), 'azr-bench-'));
try {
  console.log(
    `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, ${process.platform} ${release()}, load ${loadavg()[0]!.toFixed(1)}`,
  );
  if (values.model !== undefined) {
    const model = path.resolve(values.model);
    await compare(await (values.large ? largeWorkload(model) : namedModelWorkload(model)));
  } else {
    await compare(await solverWorkload());
    await compare(await equalLengthWorkload(folder));
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function compare(workload: Workload): Promise<void> {
  const { prompts, groupSize } = workload;
  console.log(`\n${workload.name}: ${prompts.length} prompts, ${groupSize} answers each`);
  const peer = await openTrlSide(python, workload, repetitions + WARM_UPS, folder);
  const sides: Side[] = [peer];
  try {
    const ours = await openEngineSide(workload, folder);
    sides.unshift(ours);
    const [ourFigures, peerFigures] = await alternate(ours, peer);
    print(
      ourFigures,
      peerFigures,
      `TRL's micro-batch: ${peer.microBatch}, threads: ${peer.threads}`,
    );
  } finally {
    await Promise.all(sides.map((side) => side.close()));
  }
}

/** Updates in turn, so that whatever else the machine does meets both; the first of each are not counted. */
async function alternate(ours: Side, peer: Side): Promise<[UpdateFigures[], UpdateFigures[]]> {
  const figures: [UpdateFigures[], UpdateFigures[]] = [[], []];
  for (let update = 0; update < repetitions + WARM_UPS; update += 1) {
    for (const [index, side] of [ours, peer].entries()) {
      const measured = await side.update();
      if (update >= WARM_UPS) figures[index]!.push(measured);
    }
  }
  const [first] = figures.map((side) => new Set(side.map(({ promptTokens }) => promptTokens)));
  if (figures.flat().some(({ promptTokens }) => !first!.has(promptTokens))) {
    throw new Error('The two sides read different prompts: their tokenizers disagree.');
  }
  return figures;
}

function print(ours: UpdateFigures[], peer: UpdateFigures[], note: string): void {
  const rates: [string, (figures: UpdateFigures) => number][] = [
    ['generation, tokens/s', (one) => one.completionTokens / one.generationSeconds],
    ['training, tokens/s', (one) => one.completionTokens / one.trainingSeconds],
    [
      'both, tokens/s',
      (one) => one.completionTokens / (one.generationSeconds + one.trainingSeconds),
    ],
  ];
  console.log(`${''.padEnd(24)}${'ours'.padStart(10)}${'TRL'.padStart(10)}${'ratio'.padStart(10)}`);
  for (const [name, rate] of rates) {
    const [own, other] = [median(ours.map(rate)), median(peer.map(rate))];
    console.log(row(name, own.toFixed(0), other.toFixed(0), `${(own / other).toFixed(2)}x`));
  }
  const seconds = (one: UpdateFigures) => one.generationSeconds + one.trainingSeconds;
  const tokens = (one: UpdateFigures) => one.completionTokens;
  console.log(row('one update, s', ...both(ours, peer, seconds, 2)));
  console.log(row('tokens of answers', ...both(ours, peer, tokens, 0)));
  const memory = [ours, peer].map((side) => side.at(-1)?.peakMemoryMb?.toFixed(0) ?? 'unknown');
  console.log(row('peak memory, MiB', memory[0]!, memory[1]!, ''));
  console.log(`Medians of ${ours.length} updates. ${note}`);
}

function both(
  ours: readonly UpdateFigures[],
  peer: readonly UpdateFigures[],
  figure: (one: UpdateFigures) => number,
  digits: number,
): [string, string, string] {
  const [own, other] = [median(ours.map(figure)), median(peer.map(figure))];
  return [own.toFixed(digits), other.toFixed(digits), ''];
}

function row(name: string, ...cells: string[]): string {
  return name.padEnd(24) + cells.map((cell) => cell.padStart(10)).join('');
}

function median(measured: readonly number[]): number {
  const sorted = [...measured].sort((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
