/** What an evaluation asks: models, and policies of runs. */
import { existsSync } from 'node:fs';
import path from 'node:path';

import type { SampledWeights } from '../../protocol/engine.ts';
import type { EvaluationSubject } from '../../protocol/evaluation.ts';
import { ProblemError } from '../../protocol/problem.ts';
import { modelDigest } from '../machine/models/modelFolder.ts';
import { chosenCheckpoint } from '../run/chosenCheckpoint.ts';
import { type PreparedRun, prepareExistingRun, prepareNewRun } from '../run/prepareRun.ts';
import { locateCheckpoint } from '../runFolder/checkpointNames.ts';
import { existingRunFolder, type RunFolder, runFolderAt } from '../runFolder/runFolder.ts';
import { RunReader } from '../store/runReader.ts';

/** A subject as somebody names it: a model, a run (its newest checkpoint), or `run@step`. */
export type NamedSubject = Pick<
  EvaluationSubject,
  'model' | 'modelDigest' | 'runFolder' | 'runStep'
> & {
  readonly name: string;
};

/** A subject with what it takes to open its engine. */
export interface PreparedSubject extends PreparedRun {
  /** The run that it is a policy of. */
  readonly run?: RunFolder;
  /** The checkpoint to load; absent for untrained weights. */
  readonly checkpoint?: string;
  /** The moving average is what a run that keeps one is evaluated by. */
  readonly weights: Extract<SampledWeights, 'trained' | 'average'>;
}

/** Throws a ProblemError: `no-model` and the like, `no-run`, `no-checkpoint`. */
export async function nameSubject(text: string): Promise<NamedSubject> {
  const [, folder = text, step] = /^(.+)@(\d{1,15})$/.exec(text) ?? [];
  const isRun = existsSync(runFolderAt(folder).database);
  if (!isRun && step !== undefined) existingRunFolder(folder);
  if (!isRun) {
    const { model } = await prepareNewRun([{ model: text }], text);
    return { name: path.basename(text), model: text, modelDigest: await modelDigest(model.folder) };
  }
  const run = existingRunFolder(folder);
  const reader = RunReader.open(run.database);
  try {
    const { settings, modelDigest: digest, evaluation } = reader.information();
    if (evaluation !== undefined) throw isEvaluation(run);
    const wanted = step === undefined ? undefined : Number(step);
    const runStep = wanted === 0 ? 0 : chosenCheckpoint(reader, run, wanted).step;
    const name = `${path.basename(run.folder)}@${String(runStep)}`;
    return { name, model: settings.model, modelDigest: digest, runFolder: run.folder, runStep };
  } finally {
    reader.close();
  }
}

/** Throws a ProblemError; `model-changed` where the weights are not those that were named. */
export async function prepareSubject(subject: EvaluationSubject): Promise<PreparedSubject> {
  const prepared =
    subject.runFolder === undefined
      ? await preparedModel(subject)
      : await preparedPolicy(subject, existingRunFolder(subject.runFolder));
  if ((await modelDigest(prepared.model.folder)) === subject.modelDigest) return prepared;
  throw new ProblemError({
    code: 'model-changed',
    message: `The model in ${prepared.model.folder} is not the one that the evaluation began with.`,
    remedy: 'Put the original files back, or start a new evaluation.',
  });
}

async function preparedModel({ model }: EvaluationSubject): Promise<PreparedSubject> {
  return { ...(await prepareNewRun([{ model }], model)), weights: 'trained' };
}

async function preparedPolicy(
  { runStep = 0 }: EvaluationSubject,
  run: RunFolder,
): Promise<PreparedSubject> {
  const reader = RunReader.open(run.database);
  try {
    const information = reader.information();
    const prepared = await prepareExistingRun(information, [...reader.heldOutTasks()]);
    if (runStep === 0) return { ...prepared, run, weights: 'trained' };
    const { path: noted } = chosenCheckpoint(reader, run, runStep);
    return {
      ...prepared,
      run,
      checkpoint: locateCheckpoint(run, noted),
      weights: information.settings.averageDecay > 0 ? 'average' : 'trained',
    };
  } finally {
    reader.close();
  }
}

function isEvaluation({ folder }: RunFolder): ProblemError {
  return new ProblemError({
    code: 'usage',
    message: `${folder} holds an evaluation, which has no policy to ask.`,
    remedy: 'Name a run or a model.',
  });
}
