/** What SQLite's failures mean for run.db, each with what to do. */
import { type ProblemCode, ProblemError } from '../../protocol/problem.ts';

interface Explanation {
  readonly code: ProblemCode;
  readonly what: string;
  readonly remedy: string;
}

/** SQLite's primary result codes (https://sqlite.org/rescode.html) that are not defects of ours. */
const EXPLANATIONS: ReadonlyMap<number, Explanation> = new Map([
  [
    5,
    {
      code: 'locked',
      what: 'is locked by another program',
      remedy: 'Close what writes to it, then try again.',
    },
  ],
  [
    6,
    {
      code: 'locked',
      what: 'is locked by another program',
      remedy: 'Close what writes to it, then try again.',
    },
  ],
  [
    8,
    {
      code: 'read-only',
      what: 'cannot be written',
      remedy: 'Check the permissions of the file and of its folder.',
    },
  ],
  [
    10,
    {
      code: 'input-output',
      what: 'could not be read or written by the operating system',
      remedy:
        'Check that the disk is connected and healthy and that no quota or file-size limit is reached.',
    },
  ],
  [
    11,
    {
      code: 'corrupt',
      what: 'is damaged',
      remedy: 'Restore the run folder from a copy, or start a new run.',
    },
  ],
  [
    13,
    {
      code: 'disk-full',
      what: 'could not grow because the disk is full',
      remedy:
        'Free some space, then continue with "azr resume"; it goes on from the newest checkpoint.',
    },
  ],
  [
    14,
    {
      code: 'input-output',
      what: 'could not be opened',
      remedy: 'Check the path and the permissions of its folder.',
    },
  ],
  [
    26,
    {
      code: 'not-a-run',
      what: 'is not a run database',
      remedy: 'Name a run folder, the one that holds run.db.',
    },
  ],
]);

/** A run.db that holds what no version of ours writes; `detail` says what, in a few words. */
export function corruptError(path: string, detail: string, cause?: unknown): ProblemError {
  return new ProblemError(
    {
      code: 'corrupt',
      message: `${path} is damaged: ${detail}.`,
      remedy: 'Restore the run folder from a copy, or start a new run.',
    },
    { cause },
  );
}

/**
 * The ProblemError that tells what `cause` means for the database at `path`; `cause` itself when it is
 * no expected failure of SQLite, because it is then a defect and must stay visible as one.
 */
export function explainSqliteError(cause: unknown, path: string): unknown {
  if (!(cause instanceof Error) || !('errcode' in cause) || typeof cause.errcode !== 'number')
    return cause;
  // The low byte is the primary code; the rest only refines it.
  const explanation = EXPLANATIONS.get(cause.errcode & 0xff);
  if (explanation === undefined) return cause;
  return new ProblemError(
    { code: explanation.code, message: `${path} ${explanation.what}.`, remedy: explanation.remedy },
    { cause },
  );
}

/** Runs `action` and throws what {@link explainSqliteError} makes of its failure. */
export function explainingErrors<Result>(path: string, action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    throw explainSqliteError(error, path);
  }
}

/** SQLite's code for a statement that does not fit the schema: every one of ours fits a run's. */
const SQLITE_ERROR = 1;

/** The same, and ProblemError `corrupt` for what fails only on a database that this product did not write. */
export function explainingForeignData<Result>(path: string, action: () => Result): Result {
  try {
    return explainingErrors(path, action);
  } catch (error) {
    if (error instanceof ProblemError || !isForeignData(error)) throw error;
    throw corruptError(path, error instanceof Error ? error.message : String(error), error);
  }
}

/** Whether only a database that we did not write makes one of our statements fail so. */
function isForeignData(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // A column that should hold JSON of a certain shape and does not.
  if (error instanceof SyntaxError) return true;
  // An integer beyond 2⁵³, which no counter of ours reaches.
  const tooLarge = 'code' in error && error.code === 'ERR_OUT_OF_RANGE';
  return tooLarge || ('errcode' in error && error.errcode === SQLITE_ERROR);
}
