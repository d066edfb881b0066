/**
 * Makes `.venv` and installs the packages that the engine's locks pin into it. A stamp inside, written
 * last, says which they are; an environment without a stamp was cut short and is made again.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { installLocked, lockDigest } from '../../server/src/python/lockedInstall.mjs';
import { pythonStart } from '../../server/src/python/pythonStart.mjs';
import { diagnoseOutput } from './diagnose.mjs';
import { findPython } from './findPython.mjs';
import { environmentPython } from './layout.mjs';
import { runCommand } from './runCommand.mjs';
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
export function pythonEnvironmentIsCurrent(layout) {
  return environmentIsUsable(layout) && readStamp(layout) === lockDigest(layout.engine);
}

/**
 * Whether a complete environment is there, even if with other packages.
 * @param {import('./layout.mjs').Layout} layout
 */
export function environmentIsUsable(layout) {
  // existsSync follows links: it is false when the system's Python has been removed since.
  return readStamp(layout) !== undefined && existsSync(environmentPython(layout.pythonEnvironment));
}

/**
 * @param {import('./layout.mjs').Layout} layout
 * @param {StepOptions} options
 * @throws {SetupFailure}
 */
export async function createPythonEnvironment(layout, options) {
  const python = findPython();
  const directory = layout.pythonEnvironment;
  /** @param {readonly string[]} pythonArguments */
  const run = (pythonArguments) =>
    runPython(layout, options, { python: python.executable, log: 'venv', pythonArguments });
  /** @type {readonly (readonly (readonly string[])[])[]} */
  const waysToMakeIt = [
    [['-m', 'venv', directory]],
    [['-m', 'virtualenv', directory]],
    // Debian splits pip's own installer off into python3-venv; a pip on the system can stand in.
    [
      ['-m', 'venv', '--without-pip', directory],
      [
        ...['-m', 'pip', '--python', environmentPython(directory), 'install', '--require-hashes'],
        ...['-r', path.join(layout.engine, 'locks', 'pip.txt')],
      ],
    ],
  ];
  for (const commands of waysToMakeIt) {
    rmSync(directory, { recursive: true, force: true });
    const failed = await firstFailure(commands, run);
    if (failed === undefined) {
      return;
    }
    if (!/No module named|ensurepip|no such option: --python/.test(failed.output)) {
      throw diagnoseOutput('making the Python environment', failed.output, failed);
    }
  }
  rmSync(directory, { recursive: true, force: true });
  throw new SetupFailure(
    'python-venv-missing',
    `Python ${python.version} at ${python.executable} cannot make a virtual environment: its venv or ensurepip module is missing.`,
    'On Debian or Ubuntu, as root: apt install python3-venv. Elsewhere, install a full Python and set AZR_PYTHON to its path. Then run the same command again.',
  );
}

/**
 * @param {import('./layout.mjs').Layout} layout
 * @param {StepOptions} options
 * @throws {SetupFailure}
 */
export async function installRequirements(layout, options) {
  const digest = lockDigest(layout.engine);
  rmSync(stampFile(layout), { force: true });
  const python = environmentPython(layout.pythonEnvironment);
  const run = await installLocked(layout.engine, async (log, pythonArguments) => {
    // Python compiles what it imports; most of what is installed, nobody ever imports.
    const withoutCompiling = [...pythonArguments, '--no-compile'];
    const done = await runPython(layout, options, {
      python,
      log,
      pythonArguments: withoutCompiling,
    });
    return { ...done, failed: done.exitCode !== 0 };
  });
  if (run.failed) {
    throw diagnoseOutput('installing the engine’s Python packages', run.output, run);
  }
  writeFileSync(stampFile(layout), digest);
}

/**
 * @param {import('./layout.mjs').Layout} layout
 * @param {StepOptions} options
 * @param {{ python: string, log: string, pythonArguments: readonly string[] }} what
 */
function runPython(layout, options, { python, log, pythonArguments }) {
  const { cwd, env } = pythonStart({ keepsSecrets: true });
  return runCommand({
    ...options,
    command: python,
    arguments: pythonArguments,
    directory: cwd,
    environment: env,
    logFile: path.join(layout.logs, `${log}.log`),
  });
}

/**
 * @param {readonly (readonly string[])[]} commands
 * @param {(pythonArguments: readonly string[]) => Promise<import('./runCommand.mjs').CommandRun>} run
 */
async function firstFailure(commands, run) {
  for (const command of commands) {
    const result = await run(command);
    if (result.exitCode !== 0) {
      return result;
    }
  }
  return undefined;
}

/** @param {import('./layout.mjs').Layout} layout */
function stampFile(layout) {
  return path.join(layout.pythonEnvironment, 'azr-studio-requirements');
}

/** @param {import('./layout.mjs').Layout} layout */
function readStamp(layout) {
  const file = stampFile(layout);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}
