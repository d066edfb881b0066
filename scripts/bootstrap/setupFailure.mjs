/** A failure of set-up that a person can do something about: what happened, to what, and the remedy. */

/**
 * @typedef {import('../../server/src/python/diagnose.mjs').PythonFailureCode | 'browser-missing' | 'interrupted'
 *   | 'lock-file-mismatch' | 'no-python' | 'node-too-old' | 'npm-missing' | 'step-failed'} SetupFailureCode
 */

export class SetupFailure extends Error {
  /**
   * @param {SetupFailureCode} code
   * @param {string} message What happened, and to what.
   * @param {string} remedy What the user can do; a sentence of its own.
   * @param {{ logFile?: string, logTail?: string, exitCode?: number }} [details]
   */
  constructor(code, message, remedy, details = {}) {
    super(message);
    this.name = 'SetupFailure';
    this.code = code;
    this.remedy = remedy;
    this.logFile = details.logFile;
    this.logTail = details.logTail;
    this.exitCode = details.exitCode ?? 1;
  }
}

/**
 * The text a terminal shows for a failure.
 * @param {SetupFailure} failure
 */
export function describeFailure(failure) {
  const parts = [`Set-up failed (${failure.code}): ${failure.message}`];
  if (failure.logTail) {
    parts.push(failure.logTail.replace(/^/gm, '    '));
  }
  if (failure.logFile) {
    parts.push(`Full log: ${failure.logFile}`);
  }
  parts.push(`What to do: ${failure.remedy}`);
  return parts.join('\n');
}
