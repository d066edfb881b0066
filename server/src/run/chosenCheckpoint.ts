/** The checkpoint of a run that somebody names by its step, to branch from or to evaluate. */
import { ProblemError } from '../../protocol/problem.ts';
import { checkpointDamage } from '../runFolder/checkpointFiles.ts';
import { isRemote, locateCheckpoint } from '../runFolder/checkpointNames.ts';
import type { RunFolder } from '../runFolder/runFolder.ts';
import type { CheckpointRecord } from '../store/rows/runInformation.ts';
import type { RunReader } from '../store/runReader.ts';

/** So many steps fit into a message. */
const NAMED_STEPS = 20;

/** The checkpoint of `step`, or the newest whole one. Throws ProblemError `no-checkpoint`. */
export function chosenCheckpoint(
  reader: RunReader,
  run: RunFolder,
  step: number | undefined,
): CheckpointRecord {
  const checkpoints = reader.checkpoints();
  const wanted =
    step === undefined
      ? checkpoints.findLast((one) => isWhole(one, run))
      : checkpoints.find((one) => one.step === step);
  if (wanted !== undefined) return wanted;
  const kept = checkpoints.map((one) => one.step).slice(-NAMED_STEPS);
  throw new ProblemError({
    code: 'no-checkpoint',
    message: `The run in ${run.folder} has no checkpoint ${step === undefined ? 'yet' : `of step ${String(step)}`}.`,
    remedy:
      kept.length === 0
        ? 'Wait until it has saved one; "checkpointEverySteps" says how often it does.'
        : `The newest that it keeps are of the steps ${kept.join(', ')}. "checkpointsKeptEvery" keeps more.`,
  });
}

function isWhole({ path: noted }: CheckpointRecord, run: RunFolder): boolean {
  const location = locateCheckpoint(run, noted);
  return isRemote(location) || checkpointDamage(location) === undefined;
}
