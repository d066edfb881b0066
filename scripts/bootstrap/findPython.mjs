/** Looks for a Python that can run the engine. */
import { spawnSync } from 'node:child_process';

import { namedProgram, pythonStart } from '../../server/src/python/pythonStart.mjs';
import { SetupFailure } from './setupFailure.mjs';

/** The range for which the pinned PyTorch has builds. */
const OLDEST_MINOR = 10;
const NEWEST_MINOR = 14;
const PROBE_TIMEOUT_MS = 20_000;
const PROBE = 'import sys; print("%d.%d.%d" % sys.version_info[:3]); print(sys.executable)';

/**
 * @typedef {object} Python
 * @property {string} executable Absolute path.
 * @property {string} version For example 3.11.7.
 */

/**
 * @returns {Python}
 * @throws {SetupFailure} `python-missing` or `python-unsupported`
 */
export function findPython() {
  /** @type {Python[]} */
  const unsuitable = [];
  for (const command of candidates()) {
    const python = probe(command);
    if (python !== undefined) {
      if (isSuitable(python)) {
        return python;
      }
      unsuitable.push(python);
    }
  }
  const remedy = `Install Python 3.${OLDEST_MINOR} to 3.${NEWEST_MINOR} (on Debian or Ubuntu, as root: apt install python3 python3-venv), or set AZR_PYTHON to the path of one, then run the same command again.`;
  const [first] = unsuitable;
  throw first === undefined
    ? new SetupFailure('python-missing', 'no Python was found on PATH.', remedy)
    : new SetupFailure(
        'python-unsupported',
        `${first.executable} is Python ${first.version}, and the engine needs 3.${OLDEST_MINOR} to 3.${NEWEST_MINOR}.`,
        remedy,
      );
}

/** @returns {readonly string[]} */
function candidates() {
  const chosen = process.env['AZR_PYTHON'];
  if (chosen) {
    return [namedProgram(chosen)];
  }
  const newestFirst = Array.from(
    { length: NEWEST_MINOR - OLDEST_MINOR + 1 },
    (_, index) => `python3.${NEWEST_MINOR - index}`,
  );
  return ['python3', 'python', ...newestFirst];
}

/**
 * @param {string} command
 * @returns {Python | undefined}
 */
function probe(command) {
  const { cwd, env } = pythonStart();
  const run = spawnSync(command, ['-c', PROBE], {
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    timeout: PROBE_TIMEOUT_MS,
  });
  if (run.status !== 0) {
    return undefined;
  }
  const [version = '', executable = ''] = run.stdout.trim().split(/\r?\n/);
  return /^\d+\.\d+\.\d+$/.test(version) ? { version, executable } : undefined;
}

/** @param {Python} python */
function isSuitable({ version }) {
  const [major, minor = 0] = version.split('.').map(Number);
  return major === 3 && minor >= OLDEST_MINOR && minor <= NEWEST_MINOR;
}
