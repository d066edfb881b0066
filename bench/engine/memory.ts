/**
 * `npm run bench:memory [-- --model FOLDER]`: what the memory plan expects of the engine's process, and
 * what it takes, for one batch at the lengths and rows that were planned for: sampled, then trained.
 * Models besides azr-nano are measured where their folder is named. Linux only: it tells a process's peak.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { ProblemError } from '../../server/protocol/problem.ts';
import type { MemoryDemand } from '../../server/src/engine/memoryNeeds.ts';
import type { Engine, TrainingDatum } from '../../server/protocol/engine.ts';
import { openLocalEngine } from '../../server/src/engine/openEngine.ts';
import { enginePython } from '../../server/src/machine/enginePython.ts';
import { askMemoryNeeds } from '../../server/src/machine/askMemoryNeeds.ts';
import { peakMemoryMb } from './engineSide.ts';
import { childrenRunning } from '../../test/run/faults/faultyWorld.ts';

const PROJECT = path.join(import.meta.dirname, '../..');
const NANO = path.join(PROJECT, 'server/models/azr-nano');

interface Case {
  readonly model: string;
  readonly demand: MemoryDemand;
}

function casesOf(model: string, rows: readonly number[], lengths: readonly number[]): Case[] {
  return (['full', 'lora'] as const).flatMap((trainable) =>
    rows.map((count, index) => ({
      model,
      demand: {
        ...{ trainable, lora_rank: 32, rows: count, uses_muon: false, samples_start: false },
        ...{ prompt_tokens: lengths[index]!, completion_tokens: lengths[index]! },
      },
    })),
  );
}

const { values } = parseArgs({ options: { model: { type: 'string' } } });
const cases =
  values.model === undefined
    ? casesOf(NANO, [24, 192, 64], [64, 64, 256])
    : casesOf(path.resolve(values.model), [8, 8], [64, 192]);

console.log(
  '| model | trained | rows | tokens a row | planned MiB | measured MiB | measured / planned |',
);
console.log('| --- | --- | ---: | ---: | ---: | ---: | ---: |');
for (const each of cases) console.log(await measured(each));

async function measured({ model, demand }: Case): Promise<string> {
  const question = { model, demand };
  const needs = (await askMemoryNeeds(enginePython(), { device: 'cpu' }, [question]))(question);
  if ('code' in needs) throw ProblemError.of(needs);
  const folder = await mkdtemp(path.join(tmpdir(), 'azr-memory-'));
  const engine = await openLocalEngine({
    ...{ modelFolder: model, checkpointFolder: folder, pythonPath: enginePython() },
    ...{ trainable: demand.trainable, loraRank: demand.lora_rank, loraAlpha: 64, loraDropout: 0 },
    memoryDemand: demand,
    packageFolder: path.join(PROJECT, 'server/engine/src'),
    ...{ logPath: path.join(folder, 'engine.log'), seed: 1, processes: 1 },
  });
  try {
    await oneBatch(engine, demand, await vocabularyOf(model));
    const [processId = 0] = childrenRunning(process.pid, 'azr_engine');
    const peakMb = (await peakMemoryMb(processId)) ?? NaN;
    const tokens = demand.prompt_tokens + demand.completion_tokens;
    const cells = [
      ...[path.basename(model), demand.trainable, demand.rows, tokens, needs.wanted_mb],
      ...[peakMb.toFixed(0), (peakMb / needs.wanted_mb).toFixed(2)],
    ];
    return `| ${cells.join(' | ')} |`;
  } finally {
    await engine.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function vocabularyOf(model: string): Promise<number> {
  const text = await readFile(path.join(model, 'config.json'), 'utf8');
  return (JSON.parse(text) as { vocab_size: number }).vocab_size;
}

/** Samples every row, then trains on rows of exactly the planned length, whatever was sampled. */
async function oneBatch(engine: Engine, demand: MemoryDemand, vocabulary: number): Promise<void> {
  const { rows, prompt_tokens: promptTokens, completion_tokens: completionTokens } = demand;
  // Any tokens but the first few, which end a text in many vocabularies.
  const tokens = (count: number, start: number): number[] =>
    Array.from({ length: count }, (_, index) => 8 + ((start + 7 * index) % (vocabulary - 8)));
  const requests = Array.from({ length: rows }, (_, row) => ({
    promptTokens: tokens(promptTokens, row),
    samples: 1,
  }));
  await engine.sample(requests, {
    ...{ temperature: 1, maximumTokens: completionTokens, seed: 1 },
  });
  const data = requests.map(({ promptTokens: prompt }, row): TrainingDatum => {
    const completion = tokens(completionTokens, row + 3);
    return {
      ...{ promptTokens: prompt, completionTokens: completion },
      logProbabilities: completion.map(() => -1),
      advantages: completion.map(() => (row % 2 === 0 ? 0.01 : -0.01)),
    };
  });
  await engine.update([{ data, loss: { kind: 'ppo', clipLow: 0.2, clipHigh: 0.28 } }], {
    ...{ learningRate: 1e-6, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0 },
    gradientClipNorm: 1,
  });
}
