/**
 * Installs the engine's packages as `server/engine/locks` pins them: every package, each by the
 * SHA-256 of its files, and wheels only, since building one would run its author's code with tools
 * that nothing pins. PyTorch without CUDA is the exception: its index is another one, whose files
 * the lock does not name.
 *
 * JavaScript without dependencies, because the set-up of a bare clone does the same as `azr setup`.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { findOnPath } from './findOnPath.mjs';

/** What Linux has where there is a GPU that PyTorch may use: NVIDIA's, AMD's, or that of Windows around it. */
export const GPU_FILES = ['/dev/nvidiactl', '/dev/nvidia0', '/dev/kfd', '/dev/dxg'];

const PIP = ['-m', 'pip', 'install', '--no-input', '--disable-pip-version-check'];
/** Python compiles what it imports; most of what is installed is never imported. */
const PIP_PLAIN = ['--progress-bar', 'off', '--no-compile', '--no-deps', '--only-binary', ':all:'];
/** For what has a substitute: a second try would only take time. */
const ONCE = ['--retries', '0'];

const LOCKS = ['pip.txt', 'torch.txt', 'packages.txt'];
const WITHOUT_CUDA = 'requirements-cpu.txt';

/**
 * By uv where it is on PATH, since it takes a fraction of pip's time; by pip elsewhere, and where uv
 * fails: an index that only pip's configuration names is unknown to uv.
 * @template {{ readonly failed: boolean, readonly output: string }} Run
 * @param {string} engineFolder Absolute path of `server/engine`.
 * @param {string} python The interpreter of the environment.
 * @param {import('./environment.mjs').RunProgram<Run>} run
 * @returns {Promise<Run>} The last step that was taken; when it failed, the packages are not complete.
 */
export async function installLocked(engineFolder, python, run) {
  const uv = findOnPath('uv');
  if (uv !== undefined) {
    const installed = await installAll(engineFolder, (step, ...wanted) => {
      const plain = ['pip', 'install', '--python', python, '--no-deps', '--only-binary', ':all:'];
      return run(`uv-${step}`, uv, [...plain, ...wanted]);
    });
    if (!installed.failed) return installed;
  }
  // The pip that Python brings along is often years old, and takes two thirds longer for PyTorch, all
  // of it processor time. Where the newer one cannot be had, that one does it, or says why it cannot.
  const pip = [...PIP, ...PIP_PLAIN];
  await run('pip-itself', python, [...pip, ...locked(engineFolder, 'pip.txt'), ...ONCE]);
  return installAll(engineFolder, (step, ...wanted) =>
    run(`pip-${step}`, python, [...pip, ...(step === 'cpu' ? ONCE : []), ...wanted]),
  );
}

/**
 * @template {{ readonly failed: boolean, readonly output: string }} Run
 * @param {string} engineFolder
 * @param {(step: 'cpu' | 'torch' | 'packages', ...wanted: string[]) => Promise<Run>} install
 * @returns {Promise<Run>}
 */
async function installAll(engineFolder, install) {
  const withoutCuda = path.join(engineFolder, WITHOUT_CUDA);
  const wantsCpu = showsNoGpu() && existsSync(withoutCuda);
  const hasTorch = wantsCpu && !(await install('cpu', '-r', withoutCuda)).failed;
  if (!hasTorch) {
    const torch = await install('torch', ...locked(engineFolder, 'torch.txt'));
    if (torch.failed) return torch;
  }
  return install('packages', ...locked(engineFolder, 'packages.txt'));
}

/**
 * @param {string} engineFolder
 * @param {string} name
 */
function locked(engineFolder, name) {
  return ['--require-hashes', '-r', path.join(engineFolder, 'locks', name)];
}

/**
 * What an environment holds once it has been installed, for its stamp.
 * @param {string} engineFolder
 */
export function lockDigest(engineFolder) {
  const digest = createHash('sha256');
  for (const file of LOCKS) digest.update(readFileSync(path.join(engineFolder, 'locks', file)));
  return digest.digest('hex');
}

/** Whether PyTorch's build with CUDA, which pip takes on Linux, would bring gigabytes for nothing. */
export function showsNoGpu() {
  return process.platform === 'linux' && !GPU_FILES.some((file) => existsSync(file));
}
