/** Looks for a Python of which an environment for the engine can be made. */
import { execFile } from 'node:child_process';

import { namedProgram, pythonStart } from './pythonStart.mjs';

/** Names a Python with torch, transformers and peft, for those who keep their own environment. */
export const PYTHON_VARIABLE = 'AZR_PYTHON';

/** The range for which the pinned PyTorch has builds. */
const OLDEST_MINOR = 10;
const NEWEST_MINOR = 14;
const TIMEOUT_MS = 20_000;
const DESCRIBE = 'import sys; print("%d.%d.%d" % sys.version_info[:3]); print(sys.executable)';

/**
 * @typedef {object} Python
 * @property {string} executable Absolute path.
 * @property {string} version For example 3.11.7.
 */

/**
 * @typedef {object} NoPython
 * @property {string} message What was found instead, a sentence.
 * @property {string} remedy
 */

/**
 * The first that fits: the one that {@link PYTHON_VARIABLE} names, or else what PATH has.
 * @param {AbortSignal} signal
 * @returns {Promise<Python | NoPython>} Rejects with an AbortError once `signal` is aborted.
 */
export async function findPython(signal) {
  /** @type {Python[]} */
  const unsuitable = [];
  const commands = candidates();
  for (const command of commands) {
    const python = await describePython(command, signal);
    signal.throwIfAborted();
    if (python === undefined) continue;
    if (isSuitable(python)) return python;
    unsuitable.push(python);
  }
  const [first] = unsuitable;
  const range = `3.${String(OLDEST_MINOR)} to 3.${String(NEWEST_MINOR)}`;
  return {
    message:
      first === undefined
        ? `No Python was found: ${commands.join(', ')} cannot be started.`
        : `${first.executable} is Python ${first.version}, and the engine needs ${range}.`,
    remedy: `Install Python ${range} (on Debian or Ubuntu, as root: apt install python3 python3-venv), or set ${PYTHON_VARIABLE} to the path of one, then try again.`,
  };
}

/** The interpreter that {@link PYTHON_VARIABLE} names, if it does: an absolute path or a bare name. */
export function namedPython() {
  const named = process.env[PYTHON_VARIABLE];
  return named === undefined || named === '' ? undefined : namedProgram(named);
}

/** @returns {readonly string[]} */
function candidates() {
  const named = namedPython();
  if (named !== undefined) return [named];
  const versions = Array.from(
    { length: NEWEST_MINOR - OLDEST_MINOR + 1 },
    (_, index) => `python3.${String(NEWEST_MINOR - index)}`,
  );
  const launcher = process.platform === 'win32' ? ['py'] : [];
  return ['python3', 'python', ...launcher, ...versions];
}

/**
 * @param {string} command
 * @param {AbortSignal} signal
 * @returns {Promise<Python | undefined>} Undefined where it is not a Python that starts.
 */
function describePython(command, signal) {
  const { cwd, env } = pythonStart();
  const options = { cwd, env: { ...process.env, ...env }, timeout: TIMEOUT_MS, signal };
  return new Promise((resolve) => {
    execFile(command, ['-c', DESCRIBE], options, (error, stdout) => {
      const [version = '', executable = ''] = stdout.trim().split(/\r?\n/);
      const isPython = error === null && /^\d+\.\d+\.\d+$/.test(version);
      resolve(isPython ? { version, executable } : undefined);
    });
  });
}

/** @param {Python} python */
function isSuitable({ version }) {
  const [major, minor = 0] = version.split('.').map(Number);
  return major === 3 && minor >= OLDEST_MINOR && minor <= NEWEST_MINOR;
}
