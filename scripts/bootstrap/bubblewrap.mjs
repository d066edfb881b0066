/**
 * Bubblewrap, in which the tests try the native sandbox's outer ring, and plain Python judges programs
 * that nobody has read. Without it they name what they do not try, so set-up goes on where it fails.
 */
import { debianPackagesAreOurs, installDebianPackages } from './debianPackages.mjs';
import { findOnPath } from '../../server/src/python/findOnPath.mjs';

/** Whether it is there, or not ours to install. */
export function bubblewrapIsSettled() {
  return findOnPath('bwrap') !== undefined || !debianPackagesAreOurs();
}

/**
 * @param {import('./layout.mjs').Layout} layout
 * @param {{ signal: AbortSignal, onLine: (line: string) => void }} options
 * @returns {Promise<string | undefined>} What a person should know where it could not be installed.
 * @throws {import('./setupFailure.mjs').SetupFailure} `interrupted`
 */
export async function installBubblewrap(layout, options) {
  const { exitCode, logFile } = await installDebianPackages(['bubblewrap'], layout, options);
  if (exitCode === 0) return undefined;
  return `bubblewrap could not be installed, so some tests of the sandbox are left out. Full log: ${logFile}`;
}
