/** Installs the packages of package-lock.json, and knows whether they are there. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';

import { diagnoseOutput } from './diagnose.mjs';
import { runNpm } from './npm.mjs';

/** Offline, npm's own waits between tries add up to 70 s; these to 13 s. Verbose: says why. */
export const INSTALL = [
  'ci',
  '--ignore-scripts',
  '--no-audit',
  '--no-fund',
  '--loglevel=verbose',
  '--fetch-retry-mintimeout=3000',
  '--fetch-retry-maxtimeout=10000',
];

/**
 * @typedef {object} LockedPackage
 * @property {string} [version]
 * @property {boolean} [optional]
 * @property {boolean} [devOptional]
 * @property {string | string[]} [os]
 * @property {string | string[]} [cpu]
 * @property {string[]} [libc]
 */

/**
 * npm writes node_modules/.package-lock.json when, and only when, it has finished; so that file is
 * the stamp. A developer's own `npm install` counts as much as our `npm ci`.
 * @param {string} directory Holds package-lock.json and node_modules.
 * @returns {boolean} Whether every package that this platform needs is installed in its locked version.
 */
export function nodePackagesAreInstalled(directory) {
  const wanted = readLock(path.join(directory, 'package-lock.json'));
  const installed = readLock(installedLock(directory));
  return (
    wanted !== undefined &&
    installed !== undefined &&
    Object.entries(wanted).every(
      ([location, locked]) =>
        location === '' || !isNeededHere(locked) || installed[location]?.version === locked.version,
    )
  );
}

/**
 * @param {object} options
 * @param {string} options.directory
 * @param {string} options.logFile
 * @param {AbortSignal} options.signal
 * @param {(line: string) => void} options.onLine
 */
export async function installNodePackages({ directory, ...options }) {
  // Gone before npm starts, so that an installation cut short never looks complete.
  rmSync(installedLock(directory), { force: true });
  const run = await runNpm({ ...options, arguments: INSTALL, directory });
  // npm counts it as success when an optional package, such as esbuild's program for this system,
  // could not be had, because of the network or a full disk.
  if (run.exitCode !== 0 || !nodePackagesAreInstalled(directory)) {
    throw diagnoseOutput('installing the Node packages', run.output, run);
  }
}

/** @param {string} directory */
function installedLock(directory) {
  return path.join(directory, 'node_modules', '.package-lock.json');
}

/**
 * @param {string} file
 * @returns {Record<string, LockedPackage> | undefined}
 */
function readLock(file) {
  if (!existsSync(file)) {
    return undefined;
  }
  try {
    const lock = /** @type {{ packages: Record<string, LockedPackage> }} */ (
      JSON.parse(readFileSync(file, 'utf8'))
    );
    return lock.packages;
  } catch {
    return undefined;
  }
}

/**
 * Optional packages count only where they name this platform, as esbuild's binaries do: a folder
 * copied from another platform is then installed again.
 * @param {LockedPackage} locked
 */
function isNeededHere(locked) {
  if (!locked.optional && !locked.devOptional) {
    return true;
  }
  return (
    locked.libc === undefined &&
    [locked.os].flat().includes(process.platform) &&
    [locked.cpu].flat().includes(process.arch)
  );
}
