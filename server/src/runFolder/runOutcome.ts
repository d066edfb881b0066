/** `outcome.json`: how the last runner of a run ended. Absent while one works, or when it was killed. */
import { isProblem, type OwnProblem, type Problem, ProblemError } from '../../protocol/problem.ts';
import { statfsSync, unlinkSync } from 'node:fs';

import { foreignProblem } from '../../protocol/foreignProblem.ts';
import { writeJsonAtomically } from '../files/writeJsonAtomically.ts';
import { readNote } from '../files/readNote.ts';
import type { RunFolder } from './runFolder.ts';

export type RunOutcome =
  | { readonly kind: 'finished' | 'stopped' }
  | { readonly kind: 'failed'; readonly problem: Problem };

export function readRunOutcome(run: RunFolder): RunOutcome | undefined {
  const value = readNote(run.outcome);
  if (!isRunOutcome(value)) return undefined;
  // A run folder from elsewhere has the texts that somebody else gave it.
  return value.kind === 'failed'
    ? { kind: 'failed', problem: foreignProblem(value.problem) }
    : { kind: value.kind };
}

/** Leaves the note where it can; a run must not fail because its note did not fit on the disk. */
export function writeRunOutcome(run: RunFolder, outcome: RunOutcome): void {
  const note =
    outcome.kind === 'failed' ? { ...outcome, problem: foreignProblem(outcome.problem) } : outcome;
  try {
    writeJsonAtomically(run.outcome, note);
  } catch {
    // A full disk, most likely; a reader that finds no note looks at the disk.
  }
}

/** Throws ProblemError `folder-not-writable`. */
export function removeRunOutcome(run: RunFolder): void {
  try {
    unlinkSync(run.outcome);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return;
    throw new ProblemError({
      code: 'folder-not-writable',
      message: `The run in ${run.folder} cannot continue: its files cannot be written (${String(code)}).`,
      remedy:
        'Check the permissions of the folder, and whether its disk can be written; the run can still be looked at.',
    });
  }
}

/** An error as a problem: what is expected says itself what to do; the rest is a defect. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.toProblem();
  return {
    code: 'defect',
    message: error instanceof Error ? error.message : String(error),
    remedy: 'This is a defect of AZR Studio; please report it with the logs of the run folder.',
  };
}

const SPACE_NEEDED_BYTES = 4 * 2 ** 20;

/** Why a runner ended without a word. */
export function unexplainedEnd(run: RunFolder, logFile: string): OwnProblem {
  if (isDiskFull(run.folder)) {
    return {
      code: 'disk-full',
      message: `The runner ended, and the disk of ${run.folder} is full.`,
      remedy: 'Free some space, then resume the run; it goes on from its newest checkpoint.',
    };
  }
  return {
    code: 'runner-ended',
    message: `The runner of ${run.folder} ended without saying why.`,
    remedy: `See ${logFile}; then resume the run.`,
  };
}

function isDiskFull(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize < SPACE_NEEDED_BYTES;
  } catch {
    return false;
  }
}

function isRunOutcome(value: unknown): value is RunOutcome {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return false;
  if (value.kind === 'finished' || value.kind === 'stopped') return true;
  return value.kind === 'failed' && 'problem' in value && isProblem(value.problem);
}
