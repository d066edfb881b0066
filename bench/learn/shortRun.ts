/** A short real training run of the embedded model: real engine, real jail, real probe. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { Engine, Objective } from '../../server/protocol/engine.ts';
import type { Experiment } from '../../server/src/azr/experiment.ts';
import { openEngine } from '../../server/src/runner/openEngine.ts';
import { prepareNewRun } from '../../server/src/runner/prepareRun.ts';
import { createRun } from '../../server/src/runner/run.ts';
import { RunSteering } from '../../server/src/runner/runSteering.ts';
import { RunReader } from '../../server/src/store/runReader.ts';

export const SHORT_RUN_STEPS = 12;

export interface ShortRunResult {
  /** Held-out mean before and after, sampled at temperature 1, two answers per task. */
  readonly before: number;
  readonly after: number;
  /** Means of the last five steps. */
  readonly valid: number;
  readonly unique: number;
}

/**
 * @param wrap stands between the loop and the engine, to break something on purpose
 * @param experiment breaks the method itself
 */
export async function shortRun(
  seed: number,
  wrap: (engine: Engine) => Engine = (engine) => engine,
  experiment: Experiment = {},
): Promise<ShortRunResult> {
  const folder = await mkdtemp(path.join(tmpdir(), 'azr-learning-'));
  try {
    const steps = SHORT_RUN_STEPS;
    const layer = { seed, steps, probeEverySteps: steps, probeSamples: 2 };
    const prepared = await prepareNewRun([layer], 'the learning test');
    const result = await createRun(prepared, path.join(folder, 'run'), {
      openEngine: async (...request) => wrap(await openEngine(...request)),
      experiment,
      listener: () => undefined,
      steering: new RunSteering(),
    });
    return readResult(path.join(result.folder, 'run.db'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function readResult(database: string): ShortRunResult {
  const reader = RunReader.open(database);
  try {
    const probe = reader.metricSeries('probe.pass1.mean').map(({ value }) => value);
    const lastFive = (name: string) => {
      const values = reader.metricSeries(name).slice(-5);
      return values.reduce((sum, { value }) => sum + value, 0) / values.length;
    };
    return {
      before: probe[0]!,
      after: probe.at(-1)!,
      valid: lastFive('proposer.valid'),
      unique: lastFive('proposer.unique'),
    };
  } finally {
    reader.close();
  }
}

/** The same engine, taught the opposite of what the rewards say. */
export function withReversedAdvantages(engine: Engine): Engine {
  return {
    description: engine.description,
    encode: (text) => engine.encode(text),
    decode: (tokens) => engine.decode(tokens),
    encodeChat: (messages) => engine.encodeChat(messages),
    sample: (...request) => engine.sample(...request),
    logProbabilities: (...request) => engine.logProbabilities(...request),
    encodeCompletion: (text) => engine.encodeCompletion(text),
    update: (objectives, ...rest) => engine.update(objectives.map(reversed), ...rest),
    saveCheckpoint: (...request) => engine.saveCheckpoint(...request),
    loadCheckpoint: (...request) => engine.loadCheckpoint(...request),
    close: () => engine.close(),
  };
}

/** Rewards are turned round; what the interpreter says is not. */
function reversed({ data, loss }: Objective): Objective {
  if (loss.kind === 'cross_entropy') return { data, loss };
  const opposite = data.map((datum) => ({
    ...datum,
    advantages: datum.advantages.map((advantage) => -advantage),
  }));
  return { data: opposite, loss };
}
