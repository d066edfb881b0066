/**
 * Turns the output of a failed npm, Python or pip, or the error of a file operation, into a failure
 * with a remedy. The patterns are the words those programs print; the first that fits decides, so a
 * full disk wins over the follow-up errors it causes.
 */
import { DIAGNOSES, findDiagnosis } from '../../server/src/python/diagnose.mjs';
import { SetupFailure } from './setupFailure.mjs';

/** Enough to see a reason in its surroundings; the whole is in the log file. */
const SHOWN_LINES = 8;

/** What npm says beside what Python's programs do. */
const LOCK_FILE_MISMATCH = {
  code: /** @type {const} */ ('lock-file-mismatch'),
  pattern: /npm ci.{0,40}can only install|package\.json and package-lock\.json.{0,60}in sync/is,
  happened: 'package.json and package-lock.json turned out to disagree',
  remedy:
    'Run `npm install` once to bring package-lock.json up to date, and commit it with package.json.',
};
const ALL = [...DIAGNOSES, LOCK_FILE_MISMATCH];

/**
 * @param {string} subject What was being done, as the object of "while": "installing the Node packages".
 * @param {string} output What the program printed.
 * @param {{ exitCode: number, logFile: string }} run
 * @returns {SetupFailure}
 */
export function diagnoseOutput(subject, output, run) {
  const { logFile } = run;
  const found = findDiagnosis(output, ALL);
  if (found !== undefined) {
    const { code, happened, remedy, place } = found;
    const logTail = linesAround(output, place);
    return new SetupFailure(code, `while ${subject}, ${happened}.`, remedy, { logFile, logTail });
  }
  return new SetupFailure(
    'step-failed',
    `${subject} ended with exit code ${run.exitCode}.`,
    'Read the last lines above. Running the same command again starts this step afresh.',
    { logFile, logTail: output.trimEnd().split('\n').slice(-SHOWN_LINES).join('\n') },
  );
}

/**
 * @param {string} subject
 * @param {unknown} error An error of `node:fs`, for example with code ENOSPC or EROFS.
 * @returns {unknown} A SetupFailure when the code is one of those above, else the error as it came.
 */
export function diagnoseFileError(subject, error) {
  if (!(error instanceof Error) || !('code' in error)) {
    return error;
  }
  const diagnosis = findDiagnosis(String(error.code), ALL);
  return diagnosis === undefined
    ? error
    : new SetupFailure(
        diagnosis.code,
        `while ${subject}, ${diagnosis.happened} (${error.message}).`,
        diagnosis.remedy,
      );
}

/**
 * The last mention is the one that ended the program, but it need not be the last line: npm prints a
 * page of usage after it.
 * @param {string} text
 * @param {number} place Index of a character.
 */
function linesAround(text, place) {
  const before = text.slice(0, place).split('\n').slice(-2).join('\n');
  const after = text.slice(place).split('\n').slice(0, SHOWN_LINES).join('\n');
  return (before + after).trimEnd();
}
