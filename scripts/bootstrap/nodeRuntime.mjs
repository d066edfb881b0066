/**
 * Finds the Node that runs the project: the system's where it is new enough, else one from npm,
 * pinned by the lock file in scripts/node. The latter is made beside its place and renamed into it.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { installNodePackages, nodePackagesAreInstalled } from './nodePackages.mjs';
import { SetupFailure } from './setupFailure.mjs';

/** First version with `node:sqlite` without a flag; VS Code's own Node is never older. */
const RUNTIME_MINIMUM = [22, 13];
/** The server build of VS Code runs on this major version alone. */
const VSCODE_MAJOR = 24;
/** Oldest version that the set-up itself, npm and its lock file are tested with. */
const SETUP_MINIMUM = [20, 0];
/** The lock file of scripts/node that an installed Node was made from. */
const PINNED_LOCK_COPY = 'pinned.json';

/**
 * @param {string} version
 * @param {readonly number[]} minimum
 */
function isAtLeast(version, [minimumMajor = 0, minimumMinor = 0]) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > minimumMajor || (major === minimumMajor && minor >= minimumMinor);
}

/**
 * @param {string} version
 * @throws {SetupFailure} `node-too-old`
 */
export function checkSetupNode(version = process.versions.node) {
  if (!isAtLeast(version, SETUP_MINIMUM)) {
    throw new SetupFailure(
      'node-too-old',
      `this is Node ${version}, and set-up needs Node 20 or newer.`,
      'Install a newer Node (on Debian 13 or newer: apt install nodejs npm), then run the same command again.',
    );
  }
}

/**
 * @param {import('./layout.mjs').Layout} layout
 * @param {string} [version] Of the running Node.
 * @returns {string | undefined} Path of a Node that can run the project; undefined when one has to be installed.
 */
export function findNodeRuntime(layout, version = process.versions.node) {
  return isAtLeast(version, RUNTIME_MINIMUM) ? process.execPath : findInstalledNode(layout);
}

/**
 * @param {import('./layout.mjs').Layout} layout
 * @param {string} [version] Of the running Node.
 * @returns {string | undefined} Path of a Node that can run VS Code's server; undefined when one has to be installed.
 */
export function findVscodeNode(layout, version = process.versions.node) {
  return Number(version.split('.')[0]) === VSCODE_MAJOR
    ? process.execPath
    : findInstalledNode(layout);
}

/** @param {import('./layout.mjs').Layout} layout */
function findInstalledNode(layout) {
  const node = runtimeExecutable(layout.nodeRuntime);
  return existsSync(node) && isPinnedVersion(layout) ? node : undefined;
}

/**
 * @param {import('./layout.mjs').Layout} layout
 * @param {{ signal: AbortSignal, onLine: (line: string) => void }} options
 * @returns {Promise<string>} Path of the installed Node.
 */
export async function installNodeRuntime(layout, { signal, onLine }) {
  const draft = `${layout.nodeRuntime}.new`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  const lock = readFileSync(pinnedLock(layout), 'utf8');
  writeFileSync(path.join(draft, PINNED_LOCK_COPY), lock);
  writePackageForThisSystem(draft, lock);
  const logFile = path.join(layout.logs, 'node.log');
  await installNodePackages({ directory: draft, logFile, signal, onLine });
  rmSync(layout.nodeRuntime, { recursive: true, force: true });
  renameSync(draft, layout.nodeRuntime);
  return runtimeExecutable(layout.nodeRuntime);
}

/**
 * Copies the one package that fits this system, as a plain dependency: npm would count an optional one
 * that it cannot download as a success.
 * @param {string} directory
 * @param {string} pinned Text of scripts/node/package-lock.json.
 * @throws {SetupFailure} `no-package-for-platform`
 */
function writePackageForThisSystem(directory, pinned) {
  const { packages } =
    /** @type {{ packages: Record<string, { version: string, integrity: string }> }} */ (
      JSON.parse(pinned)
    );
  const name = runtimePackage();
  const location = `node_modules/${name}`;
  const locked = packages[location];
  if (locked === undefined) {
    const minimum = RUNTIME_MINIMUM.join('.');
    throw new SetupFailure(
      'no-package-for-platform',
      `the system’s Node is ${process.versions.node}, Node ${minimum} or newer is needed (Node ${VSCODE_MAJOR} for VS Code in the browser), and there is none to install for ${process.platform} on ${process.arch}.`,
      `Install Node ${VSCODE_MAJOR} yourself, then run the same command again.`,
    );
  }
  const { version, integrity } = locked;
  const root = { name: 'node-runtime', dependencies: { [name]: version } };
  const lock = {
    name: root.name,
    lockfileVersion: 3,
    requires: true,
    packages: { '': root, [location]: { version, integrity } },
  };
  writeFileSync(path.join(directory, 'package.json'), JSON.stringify({ ...root, private: true }));
  writeFileSync(path.join(directory, 'package-lock.json'), JSON.stringify(lock));
}

function runtimePackage() {
  return `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
}

/** @param {import('./layout.mjs').Layout} layout */
function pinnedLock(layout) {
  return path.join(layout.root, 'scripts', 'node', 'package-lock.json');
}

/** @param {string} directory */
function runtimeExecutable(directory) {
  const executable = process.platform === 'win32' ? 'node.exe' : 'node';
  return path.join(directory, 'node_modules', runtimePackage(), 'bin', executable);
}

/**
 * Whether the installed Node is the pinned one: a newer commit may pin another.
 * @param {import('./layout.mjs').Layout} layout
 */
function isPinnedVersion(layout) {
  const copy = path.join(layout.nodeRuntime, PINNED_LOCK_COPY);
  return (
    existsSync(copy) &&
    readFileSync(copy, 'utf8') === readFileSync(pinnedLock(layout), 'utf8') &&
    nodePackagesAreInstalled(layout.nodeRuntime)
  );
}
