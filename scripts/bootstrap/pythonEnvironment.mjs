/**
 * Makes `.venv` and installs the engine's pinned requirements into it. A stamp inside, written last,
 * says which requirements it holds; an environment without a stamp was cut short and is made anew.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { diagnoseOutput } from './diagnose.mjs';
import { findPython } from './findPython.mjs';
import { environmentPython } from './layout.mjs';
import { runCommand } from './runCommand.mjs';
import { SetupFailure } from './setupFailure.mjs';

/**
 * What downloads the rest. The pip that Python brings along is often years old, and takes two thirds
 * longer for PyTorch, all of it processor time.
 */
const PIP = 'pip==26.3';

/** What Linux has where there is a GPU that PyTorch may use: NVIDIA's, AMD's, or that of Windows around it. */
const GPU_FILES = ['/dev/nvidiactl', '/dev/nvidia0', '/dev/kfd', '/dev/dxg'];

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
  return environmentIsUsable(layout) && readStamp(layout) === requirementsHash(layout);
}

/**
 * Whether a complete environment is there, even if for other requirements.
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
    runCommand({
      ...options,
      command: python.executable,
      arguments: pythonArguments,
      directory: layout.root,
      logFile: path.join(layout.logs, 'venv.log'),
    });
  /** @type {readonly (readonly (readonly string[])[])[]} */
  const waysToMakeIt = [
    [['-m', 'venv', directory]],
    [['-m', 'virtualenv', directory]],
    // Debian splits pip's own installer off into python3-venv; a pip on the system can stand in.
    [
      ['-m', 'venv', '--without-pip', directory],
      ['-m', 'pip', '--python', environmentPython(directory), 'install', PIP],
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
  const hash = requirementsHash(layout);
  rmSync(stampFile(layout), { force: true });
  const install = (/** @type {string} */ log, /** @type {readonly string[]} */ what) =>
    runCommand({
      ...options,
      command: environmentPython(layout.pythonEnvironment),
      arguments: [
        ...['-m', 'pip', 'install', '--no-input', '--disable-pip-version-check'],
        // Python compiles what it imports; most of what is installed, nobody ever imports.
        ...['--no-compile', '--progress-bar', 'off', ...what],
      ],
      directory: layout.root,
      logFile: path.join(layout.logs, `${log}.log`),
    });
  // Where that cannot be had, the pip that is there does it, or says why it cannot.
  await install('pip-itself', ['--retries', '0', PIP]);
  const withoutCuda = path.join(path.dirname(layout.requirements), 'requirements-cpu.txt');
  if (showsNoGpu() && existsSync(withoutCuda)) {
    await install('pip-cpu', ['--no-deps', '--retries', '0', '-r', withoutCuda]);
  }
  const run = await install('pip', ['-r', layout.requirements]);
  if (run.exitCode !== 0) {
    throw diagnoseOutput('installing the engine’s Python packages', run.output, run);
  }
  writeFileSync(stampFile(layout), hash);
}

/** Whether PyTorch's build with CUDA, which pip takes on Linux, would bring gigabytes for nothing. */
export function showsNoGpu() {
  return process.platform === 'linux' && !GPU_FILES.some((file) => existsSync(file));
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

/** @param {import('./layout.mjs').Layout} layout */
function requirementsHash(layout) {
  return createHash('sha256').update(readFileSync(layout.requirements)).digest('hex');
}
