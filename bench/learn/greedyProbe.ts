/**
 * The held-out tasks answered with the most probable tokens, before and after a run. A policy that
 * only grows surer of its likeliest answers gains at temperature 1, but not here.
 */
import path from 'node:path';

import type { Engine } from '../../server/protocol/engine.ts';
import type { Grader } from '../../server/protocol/sandbox.ts';
import { MODES, type Mode } from '../../server/protocol/vocabulary.ts';
import { questionOf, verifyAnswer } from '../../server/src/azr/solve.ts';
import { openEngine } from '../../server/src/runner/openEngine.ts';
import { openGrader } from '../../server/src/runner/openGrader.ts';
import { prepareExistingRun, type PreparedRun } from '../../server/src/runner/prepareRun.ts';
import { existingRunFolder } from '../../server/src/runner/runFolder.ts';
import { RunReader } from '../../server/src/store/runReader.ts';

/** Solve rates in [0, 1]; `mean` is the mean over the modes, as the sampled probe has it. */
export type GreedyRates = Readonly<Record<Mode | 'mean', number>>;

export interface GreedyProbe {
  readonly before: GreedyRates;
  readonly after: GreedyRates;
}

/** Measures the base model and the policy of the last checkpoint of the finished run in `folder`. */
export async function greedyProbe(folder: string): Promise<GreedyProbe> {
  const run = existingRunFolder(folder);
  const { settings, checkpoint } = readRun(run.database);
  const prepared = await prepareExistingRun(settings);
  const { signal } = new AbortController();
  const grading = await openGrader(settings);
  try {
    const engine = await openEngine(prepared, run, signal);
    try {
      const before = await greedyRates(prepared, engine, grading.grader, signal);
      // Noted relative to the run's folder.
      await engine.loadCheckpoint(path.resolve(run.folder, checkpoint), signal);
      return { before, after: await greedyRates(prepared, engine, grading.grader, signal) };
    } finally {
      await engine.close();
    }
  } finally {
    await grading.close();
  }
}

function readRun(database: string) {
  const reader = RunReader.open(database);
  try {
    const { settings } = reader.information();
    const newest = reader.checkpoints().at(-1);
    if (newest?.step !== settings.steps) {
      throw new Error(`The run of ${database} has no checkpoint of its last step.`);
    }
    return { settings, checkpoint: newest.path };
  } finally {
    reader.close();
  }
}

async function greedyRates(
  { settings, dialect, heldOut }: PreparedRun,
  engine: Engine,
  grader: Grader,
  signal: AbortSignal,
): Promise<GreedyRates> {
  const requests = await Promise.all(
    heldOut.map(async (task) => {
      const prompt = dialect.solve(questionOf(task));
      const promptTokens =
        prompt.kind === 'text'
          ? await engine.encode(prompt.text)
          : await engine.encodeChat(prompt.messages);
      if (promptTokens === undefined) throw new Error('The model has no chat template.');
      return { promptTokens, samples: 1 };
    }),
  );
  const longest = Math.max(...requests.map(({ promptTokens }) => promptTokens.length));
  const maximumTokens = Math.min(
    settings.maximumAnswerTokens,
    engine.description.contextTokens - longest,
  );
  const parameters = { temperature: 0, topP: 1, maximumTokens, seed: settings.seed };
  const groups = await engine.sample(requests, parameters, signal);
  const correct = await Promise.all(
    heldOut.map(async (task, index) => {
      const text = await engine.decode(groups[index]![0]!.tokens);
      const answer = dialect.readAnswer(task.mode, text);
      if (answer === undefined) return false;
      return (await verifyAnswer(grader, task, answer, signal)).verdict === 'correct';
    }),
  );
  const rateOf = (mode: Mode) => {
    const ofMode = correct.filter((_, index) => heldOut[index]!.mode === mode);
    return ofMode.filter(Boolean).length / ofMode.length;
  };
  const [deduction, abduction, induction] = MODES.map(rateOf) as [number, number, number];
  return { deduction, abduction, induction, mean: (deduction + abduction + induction) / 3 };
}
