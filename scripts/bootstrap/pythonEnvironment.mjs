/** The Python environment of a clone, `.venv`: the steps of server/src/python, with a log file for each. */
import path from 'node:path';

import {
  environmentIsCurrent,
  environmentStamp,
  installPackages,
  makeEnvironment,
} from '../../server/src/python/environment.mjs';
import { findPython } from '../../server/src/python/findPython.mjs';
import { pythonStart } from '../../server/src/python/pythonStart.mjs';
import { diagnoseOutput } from './diagnose.mjs';
import { interrupted, runCommand } from './runCommand.mjs';
import { SetupFailure } from './setupFailure.mjs';

/**
 * @typedef {object} StepOptions
 * @property {AbortSignal} signal
 * @property {(line: string) => void} onLine
 */

/**
 * @param {import('./layout.mjs').Layout} layout
 * @returns {boolean}
 */
export function pythonEnvironmentIsCurrent({ pythonEnvironment, engine }) {
  return environmentIsCurrent(pythonEnvironment, engine);
}

/**
 * Whether a complete environment is there, even if with other packages.
 * @param {import('./layout.mjs').Layout} layout
 */
export function environmentIsUsable({ pythonEnvironment }) {
  return environmentStamp(pythonEnvironment) !== undefined;
}

/**
 * @param {import('./layout.mjs').Layout} layout
 * @param {StepOptions} options
 * @throws {SetupFailure}
 */
export async function createPythonEnvironment(layout, options) {
  const python = await findPython(options.signal).catch((/** @type {unknown} */ error) => {
    throw options.signal.aborted ? interrupted() : error;
  });
  if ('message' in python) throw new SetupFailure('no-python', python.message, python.remedy);
  const { pythonEnvironment, engine } = layout;
  const run = programOf(layout, options);
  const failed = await makeEnvironment(python.executable, pythonEnvironment, engine, run);
  if (failed !== undefined) {
    throw diagnoseOutput('making the Python environment', failed.output, failed);
  }
}

/**
 * @param {import('./layout.mjs').Layout} layout
 * @param {StepOptions} options
 * @throws {SetupFailure}
 */
export async function installRequirements(layout, options) {
  const { pythonEnvironment, engine } = layout;
  const last = await installPackages(pythonEnvironment, engine, programOf(layout, options));
  if (last.failed)
    throw diagnoseOutput('installing the engine’s Python packages', last.output, last);
}

/**
 * @param {import('./layout.mjs').Layout} layout
 * @param {StepOptions} options
 */
function programOf(layout, options) {
  const { cwd, env } = pythonStart({ keepsSecrets: true });
  return async (
    /** @type {string} */ step,
    /** @type {string} */ program,
    /** @type {readonly string[]} */ programArguments,
  ) => {
    const done = await runCommand({
      ...options,
      command: program,
      arguments: programArguments,
      directory: cwd,
      environment: env,
      logFile: path.join(layout.logs, `${step}.log`),
    });
    return { ...done, failed: done.exitCode !== 0 };
  };
}
