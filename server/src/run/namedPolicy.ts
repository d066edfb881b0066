/** What somebody names to be asked: a model, the newest checkpoint of a run, or that of one of its steps. */
import { existsSync } from 'node:fs';
import path from 'node:path';

import type { SampledWeights } from '../../protocol/engine.ts';
import { ProblemError } from '../../protocol/problem.ts';
import { type KnownCheckpoint, knownCheckpoints } from './checkpointKeeper.ts';
import { prepareExistingRun, type PreparedRun, prepareNewRun } from './prepareRun.ts';
import { requireSameModel, requireSameProtocol } from './sameModel.ts';
import { requirePlainRunFolder } from '../runFolder/plainRunFolder.ts';
import { existingRunFolder, type RunFolder, runFolderAt } from '../runFolder/runFolder.ts';
import { RunReader } from '../store/runReader.ts';

export interface NamedPolicy {
  /** Of the model, or of the run's folder with its step: `mine@80`. */
  readonly name: string;
  readonly prepared: PreparedRun;
  /** The run that it is a policy of; undefined for a model. */
  readonly run: RunFolder | undefined;
  /** The step of that run after which it is asked. */
  readonly step: number | undefined;
  /** The path or URL of the checkpoint to load; undefined for the model as it was before training. */
  readonly checkpoint: string | undefined;
  readonly weights: SampledWeights;
}

/** Whether the held-out tasks of the run, or those that came with the model, are wanted too. */
type HeldOutWish = 'with-held-out' | 'none';

/** So many steps fit into a message. */
const NAMED_STEPS = 20;

/**
 * `target` is a run folder, such a folder, an @ and a step (0 for the model that the run began with), or
 * a model as in the run file. Nothing is written to a run folder, and one of a stranger's is looked at as
 * before it is resumed. Rejects with a ProblemError or SettingsError.
 */
export async function namedPolicy(target: string, heldOut: HeldOutWish): Promise<NamedPolicy> {
  const [, folder = target, step] = /^(.+)@(\d{1,15})$/.exec(target) ?? [];
  const isRun = step !== undefined || existsSync(runFolderAt(target).database);
  return isRun
    ? ofRun(existingRunFolder(folder), step === undefined ? undefined : Number(step), heldOut)
    : ofModel(target, heldOut);
}

async function ofModel(model: string, heldOut: HeldOutWish): Promise<NamedPolicy> {
  const settings = heldOut === 'none' ? { model, probe: 'none' } : { model };
  const prepared = await prepareNewRun([settings], 'command line');
  const name =
    path.isAbsolute(model) || model.startsWith('.') ? path.basename(path.resolve(model)) : model;
  return {
    ...{ name, prepared, run: undefined, step: undefined },
    ...{ checkpoint: undefined, weights: 'trained' },
  };
}

async function ofRun(
  run: RunFolder,
  wanted: number | undefined,
  heldOut: HeldOutWish,
): Promise<NamedPolicy> {
  requirePlainRunFolder(run);
  const reader = RunReader.open(run.database);
  try {
    const information = reader.information();
    requireSameProtocol(information, run);
    if (information.evaluation !== undefined) throw isEvaluation(run);
    const stored = heldOut === 'none' ? [] : [...reader.heldOutTasks()];
    const prepared = await prepareExistingRun(information, stored);
    await requireSameModel(information, prepared);
    const checkpoint =
      wanted === 0 ? undefined : chosenCheckpoint(knownCheckpoints(run, reader), run, wanted);
    const step = checkpoint?.step ?? 0;
    return {
      name: `${path.basename(run.folder)}@${step}`,
      prepared,
      ...{ run, step },
      checkpoint: checkpoint?.path,
      // As the run itself measures: the average is what is kept of it.
      weights: step > 0 && information.settings.averageDecay > 0 ? 'average' : 'trained',
    };
  } finally {
    reader.close();
  }
}

/** Throws ProblemError `no-checkpoint` or `checkpoint-lost`. */
function chosenCheckpoint(
  known: readonly KnownCheckpoint[],
  run: RunFolder,
  step: number | undefined,
): KnownCheckpoint {
  const chosen = step === undefined ? known.at(-1) : known.find((one) => one.step === step);
  const steps = known.filter(({ damage }) => damage === undefined).map((one) => one.step);
  const others = [0, ...steps].slice(-NAMED_STEPS).join(', ');
  if (chosen === undefined) {
    throw new ProblemError({
      code: 'no-checkpoint',
      message: `The run in ${run.folder} has no checkpoint ${step === undefined ? 'yet' : `of step ${step}`}.`,
      remedy: `It can be asked after one of these steps: ${others}. For example: ${run.folder}@0`,
    });
  }
  if (chosen.damage === undefined) return chosen;
  throw new ProblemError({
    code: 'checkpoint-lost',
    message: `The checkpoint of step ${chosen.step}, ${chosen.path}, cannot be used: ${chosen.damage}.`,
    remedy: `Put it back from a copy, or ask the run after one of these steps: ${others}.`,
  });
}

function isEvaluation({ folder }: RunFolder): ProblemError {
  return new ProblemError({
    code: 'usage',
    message: `${folder} holds an evaluation, which has no policy to ask.`,
    remedy: 'Name a run or a model.',
  });
}
