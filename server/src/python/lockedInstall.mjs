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

/** What Linux has where there is a GPU that PyTorch may use: NVIDIA's, AMD's, or that of Windows around it. */
export const GPU_FILES = ['/dev/nvidiactl', '/dev/nvidia0', '/dev/kfd', '/dev/dxg'];

const INSTALL = ['-m', 'pip', 'install', '--no-input', '--disable-pip-version-check'];
const PLAIN = ['--progress-bar', 'off', '--no-deps', '--only-binary', ':all:'];
/** Where they cannot be had, something else does, so nobody waits for a second try. */
const ONCE = ['--retries', '0'];

const LOCKS = ['pip.txt', 'torch.txt', 'packages.txt'];
const WITHOUT_CUDA = 'requirements-cpu.txt';

/**
 * @typedef {'pip-itself' | 'pip-cpu' | 'pip-torch' | 'pip'} InstallStep
 */

/**
 * @template {{ failed: boolean }} Run
 * @param {string} engineFolder Absolute path of `server/engine`.
 * @param {(step: InstallStep, pythonArguments: readonly string[]) => Promise<Run>} run
 * @returns {Promise<Run>} The last step that was taken; when it failed, the packages are not complete.
 */
export async function installLocked(engineFolder, run) {
  const locked = (/** @type {string} */ file) => [
    ...[...INSTALL, ...PLAIN, '--require-hashes'],
    ...['-r', path.join(engineFolder, 'locks', file)],
  ];
  // The pip that Python brings along is often years old, and takes two thirds longer for PyTorch, all
  // of it processor time. Where the newer one cannot be had, that one does it, or says why it cannot.
  await run('pip-itself', [...locked('pip.txt'), ...ONCE]);
  const withoutCuda = path.join(engineFolder, WITHOUT_CUDA);
  const wantsCpu = showsNoGpu() && existsSync(withoutCuda);
  const hasTorch =
    wantsCpu && !(await run('pip-cpu', [...INSTALL, ...PLAIN, ...ONCE, '-r', withoutCuda])).failed;
  if (!hasTorch) {
    const torch = await run('pip-torch', locked('torch.txt'));
    if (torch.failed) return torch;
  }
  return run('pip', locked('packages.txt'));
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
