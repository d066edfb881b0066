/**
 * Where a run goes on. A step that was committed is dropped without asking only where its run never came
 * to save a checkpoint after it; where a checkpoint is lost, the run's owner says how far to go back.
 */
import { ProblemError } from '../../protocol/problem.ts';
import type { RunSettings } from '../../protocol/settings.ts';
import type { CheckpointKeeper, KnownCheckpoint } from './checkpointKeeper.ts';

/** The policy to go on with; without a path it is the untrained one, of the seeding. */
export interface ResumePoint {
  readonly step: number;
  readonly path?: string;
}

const SEEDING: ResumePoint = { step: 0 };
/** How many steps are named at most. */
const NAMED_STEPS = 5;

/**
 * The newest checkpoint, or with `backTo` the one of that step, 0 for the untrained policy. Throws
 * ProblemError `checkpoint-lost` where the newest one that was saved cannot be used, and `no-checkpoint`
 * where there is none of the step that is asked for.
 */
export function resumePoint(
  keeper: CheckpointKeeper,
  folder: string,
  backTo?: number,
): ResumePoint {
  const known = keeper.known();
  const whole = known.filter(({ damage }) => damage === undefined);
  if (backTo !== undefined) return chosenPoint(whole, folder, backTo);
  const newest = known.at(-1);
  if (newest === undefined) return SEEDING;
  if (newest.damage === undefined) return newest;
  throw lost(newest, whole.at(-1) ?? SEEDING, folder);
}

/** Whether the run has its last step and the checkpoint of it, so that there is nothing to do. */
export function isComplete(keeper: CheckpointKeeper, { steps }: RunSettings): boolean {
  return keeper.known().at(-1)?.step === steps;
}

function chosenPoint(
  whole: readonly KnownCheckpoint[],
  folder: string,
  backTo: number,
): ResumePoint {
  if (backTo === 0) return SEEDING;
  const chosen = whole.find(({ step }) => step === backTo);
  if (chosen !== undefined) return chosen;
  const steps = [0, ...whole.map(({ step }) => step)].slice(-NAMED_STEPS).join(', ');
  throw new ProblemError({
    code: 'no-checkpoint',
    message: `The run in ${folder} has no whole checkpoint of step ${backTo}.`,
    remedy: `It can go back to one of these steps: ${steps}.`,
  });
}

function lost({ step, path, damage }: KnownCheckpoint, older: ResumePoint, folder: string) {
  return new ProblemError({
    code: 'checkpoint-lost',
    message: `The checkpoint of step ${step}, ${path}, cannot be used: ${damage ?? ''}. To go on without it, every step after step ${older.step} has to be deleted and done again.`,
    remedy: `Put the checkpoint back from a copy, and resume. Or give those steps up with "azr resume ${folder} --back-to ${older.step}".`,
  });
}
