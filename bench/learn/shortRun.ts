/** A short real training run of the embedded model: real engine, real jail, real held-out tasks. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { Engine } from '../../server/protocol/engine.ts';
import type { HeldOutTask } from '../../server/protocol/heldOut.ts';
import { compactDialect } from '../../server/src/method/dialects/compactDialect.ts';
import { questionOf } from '../../server/src/method/asking.ts';
import { openEngine } from '../../server/src/run/openEngine.ts';
import { prepareNewRun, type PreparedRun } from '../../server/src/run/prepareRun.ts';
import { createRun } from '../../server/src/run/run.ts';
import { RunSteering } from '../../server/src/run/runSteering.ts';
import { settingsLayers } from '../../server/src/cli/settingsOptions.ts';
import { RunReader } from '../../server/src/store/runReader.ts';
import { armNamed } from './arms.ts';
import { changedEngine, withReversedAdvantages } from './controls.ts';

const PROBE = path.join(import.meta.dirname, '../../server/models/azr-nano/probe.jsonl');

const SHORT_RUN_STEPS = 32;

export interface ShortRun {
  /** See arms.ts. */
  readonly arm: string;
  readonly seed: number;
}

/** Two measurements of the same held-out tasks, before the first update and after the last. */
export interface BeforeAfter {
  readonly before: number;
  readonly after: number;
}

export interface ShortRunResult {
  /** Share of the tasks about untaught operators alone that are answered right greedily. */
  readonly greedyUntaught: BeforeAfter;
  /** Mean log-probability, in nats, of the executed outputs of the deduction tasks of that stratum. */
  readonly goldUntaught: BeforeAfter;
  /** The same of the stratum of taught operators. */
  readonly goldTaught: BeforeAfter;
  /** Mean over modes and strata of the greedy rate. */
  readonly greedy: BeforeAfter;
  /** Means of the last five steps. */
  readonly valid: number;
  readonly unique: number;
}

/** Makes the run in a folder of its own and removes it. */
export async function shortRun({ arm, seed }: ShortRun): Promise<ShortRunResult> {
  const { settings, experiment, isReversed } = armNamed(arm);
  const wrap = isReversed === true ? withReversedAdvantages : (engine: Engine) => engine;
  const folder = await mkdtemp(path.join(tmpdir(), 'azr-learning-'));
  try {
    const probe = path.join(folder, 'probe.jsonl');
    await writeFile(probe, await someHeldOutTasks());
    const steps = SHORT_RUN_STEPS;
    const measured = { probe, probeEverySteps: steps, probeSamples: 1, curriculumEverySteps: 0 };
    const layers = await settingsLayers(undefined, { set: settings });
    const prepared = await prepareNewRun([...layers, { seed, steps, ...measured }], 'the test');
    const gold: Record<'taught' | 'untaught', number>[] = [];
    const result = await createRun(prepared, path.join(folder, 'run'), {
      openEngine: async (...request) => {
        const engine = await openEngine(...request);
        gold.push(await goldOf(prepared, engine));
        return changedEngine(wrap(engine), {
          close: async () => {
            gold.push(await goldOf(prepared, engine));
            await engine.close();
          },
        });
      },
      listener: () => undefined,
      steering: new RunSteering(),
      ...(experiment && { experiment: experiment(seed) }),
    });
    const [before, after] = gold;
    return {
      ...readResult(path.join(result.folder, 'run.db')),
      goldUntaught: { before: before!.untaught, after: after!.untaught },
      goldTaught: { before: before!.taught, after: after!.taught },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Every third of the model's held-out tasks: 40 of each mode and stratum. */
async function someHeldOutTasks(): Promise<string> {
  const lines = (await readFile(PROBE, 'utf8')).trimEnd().split('\n');
  return lines.filter((_, index) => index % 3 === 0).join('\n');
}

async function goldOf(
  { heldOut }: PreparedRun,
  engine: Engine,
): Promise<Record<'taught' | 'untaught', number>> {
  const of = (stratum: string) =>
    heldOut.filter((task) => task.mode === 'deduction' && task.stratum === stratum);
  return {
    taught: await goldLogProbability(engine, of('taught')),
    untaught: await goldLogProbability(engine, of('untaught')),
  };
}

/** Mean over the deduction tasks of the log-probability of the whole executed output. */
async function goldLogProbability(engine: Engine, tasks: readonly HeldOutTask[]): Promise<number> {
  const data = await Promise.all(
    tasks.map(async (task) => {
      const prompt = compactDialect.solve(questionOf(task));
      if (prompt.kind !== 'text') throw new Error('The compact dialect writes plain text.');
      const { output } = task.examples[0]!;
      return {
        promptTokens: await engine.encode(prompt.text),
        completionTokens: await engine.encodeCompletion(output),
        ...{ logProbabilities: [], advantages: [] },
      };
    }),
  );
  const scored = await engine.logProbabilities(data);
  const sums = scored.map((values) => values.reduce((sum, value) => sum + value, 0));
  return sums.reduce((sum, value) => sum + value, 0) / sums.length;
}

function readResult(
  database: string,
): Pick<ShortRunResult, 'greedy' | 'greedyUntaught' | 'valid' | 'unique'> {
  const reader = RunReader.open(database);
  try {
    const ends = (name: string): BeforeAfter => {
      const values = reader.metricSeries(name).map(({ value }) => value);
      return { before: values[0]!, after: values.at(-1)! };
    };
    const lastFive = (name: string) => {
      const values = reader.metricSeries(name).slice(-5);
      return values.reduce((sum, { value }) => sum + value, 0) / values.length;
    };
    return {
      greedy: ends('probe.greedy.mean'),
      greedyUntaught: ends('probe.greedy.stratum.untaught'),
      valid: lastFive('proposer.valid'),
      unique: lastFive('proposer.unique'),
    };
  } finally {
    reader.close();
  }
}
