/**
 * Makes a virtual environment and installs the engine's packages into it: in the `.venv` of a clone, and
 * for users without one in a folder of theirs. A stamp inside, written last, says which packages they
 * are; an environment without a stamp was cut short and is made again.
 *
 * JavaScript without dependencies, because a bare clone sets itself up with it.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { findOnPath } from './findOnPath.mjs';
import { installLocked, lockDigest } from './lockedInstall.mjs';

const STAMP_FILE = 'azr-studio-requirements';

/** What Python and virtualenv print where a module that makes environments is missing. */
const LACKS_MODULE = /No module named|ensurepip|no such option: --python/;

/**
 * Runs a program to its end. `step` names it, for a log.
 * @template {{ readonly failed: boolean, readonly output: string }} Run
 * @typedef {(step: string, program: string, programArguments: readonly string[]) => Promise<Run>} RunProgram
 */

/**
 * @template {{ readonly failed: boolean, readonly output: string }} Run
 * @param {string} python An interpreter outside the environment.
 * @param {string} directory Is deleted first.
 * @param {string} engineFolder Absolute path of `server/engine`.
 * @param {RunProgram<Run>} run
 * @returns {Promise<Run | undefined>} What failed; nothing of the environment is left then.
 */
export async function makeEnvironment(python, directory, engineFolder, run) {
  const uv = findOnPath('uv');
  const ways = [
    [[python, '-m', 'venv', directory]],
    [[python, '-m', 'virtualenv', directory]],
    // Debian splits pip's own installer off into python3-venv; a pip on the system can stand in.
    [
      [python, '-m', 'venv', '--without-pip', directory],
      [
        ...[python, '-m', 'pip', '--python', interpreterIn(directory), 'install'],
        ...['--require-hashes', '-r', path.join(engineFolder, 'locks', 'pip.txt')],
      ],
    ],
  ];
  if (uv !== undefined) ways.push([[uv, 'venv', '--seed', '--python', python, directory]]);
  /** @type {Run | undefined} */
  let first;
  for (const commands of ways) {
    rmSync(directory, { recursive: true, force: true });
    const failed = await firstFailure(commands, run);
    if (failed === undefined) return undefined;
    // Of a Python that lacks everything, the first complaint is the one that a remedy is for.
    first ??= failed;
    if (!LACKS_MODULE.test(failed.output)) return failed;
  }
  rmSync(directory, { recursive: true, force: true });
  return first;
}

/**
 * @template {{ readonly failed: boolean }} Run
 * @param {readonly (readonly string[])[]} commands Each a program and its arguments.
 * @param {(step: string, program: string, programArguments: readonly string[]) => Promise<Run>} run
 */
async function firstFailure(commands, run) {
  for (const [program = '', ...programArguments] of commands) {
    const done = await run('venv', program, programArguments);
    if (done.failed) return done;
  }
  return undefined;
}

/**
 * Installs what the locks pin, and writes the stamp.
 * @template {{ readonly failed: boolean, readonly output: string }} Run
 * @param {string} directory
 * @param {string} engineFolder Absolute path of `server/engine`.
 * @param {RunProgram<Run>} run
 * @returns {Promise<Run>} The last program that ran; when it failed, the environment is not complete.
 */
export async function installPackages(directory, engineFolder, run) {
  const digest = lockDigest(engineFolder);
  rmSync(path.join(directory, STAMP_FILE), { force: true });
  const last = await installLocked(engineFolder, interpreterIn(directory), run);
  if (!last.failed) writeFileSync(path.join(directory, STAMP_FILE), digest);
  return last;
}

/**
 * Whether an environment has the packages that the locks of `engineFolder` pin.
 * @param {string} directory
 * @param {string} engineFolder
 */
export function environmentIsCurrent(directory, engineFolder) {
  return environmentStamp(directory) === lockDigest(engineFolder);
}

/**
 * Digest of the locks that an environment was installed from; undefined when it is not complete.
 * @param {string} directory
 */
export function environmentStamp(directory) {
  // existsSync follows links: it is false when the system's Python has been removed since.
  if (!existsSync(interpreterIn(directory))) return undefined;
  try {
    return readFileSync(path.join(directory, STAMP_FILE), 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * Path of the interpreter in a virtual environment.
 * @param {string} directory
 */
export function interpreterIn(directory) {
  return process.platform === 'win32'
    ? path.join(directory, 'Scripts', 'python.exe')
    : path.join(directory, 'bin', 'python');
}
