/**
 * Finds the Node that runs the project: the system's where it is new enough, else one from npm,
 * pinned by the lock file in scripts/node. The latter is made beside its place and renamed into it.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';

import { installNodePackages, nodePackagesAreInstalled } from './nodePackages.mjs';
import { SetupFailure } from './setupFailure.mjs';

/** First version with `node:sqlite` without a flag; VS Code's own Node is never older. */
const RUNTIME_MINIMUM = [22, 13];
/** Oldest version that the set-up itself, npm and its lock file are tested with. */
const SETUP_MINIMUM = [20, 0];

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
  if (isAtLeast(version, RUNTIME_MINIMUM)) {
    return process.execPath;
  }
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
  for (const name of ['package.json', 'package-lock.json']) {
    copyFileSync(path.join(pinnedRuntime(layout), name), path.join(draft, name));
  }
  const logFile = path.join(layout.logs, 'node.log');
  await installNodePackages({ directory: draft, logFile, signal, onLine });
  if (!existsSync(runtimeExecutable(draft))) {
    throw new SetupFailure(
      'no-package-for-platform',
      `npm has no Node 24 for ${process.platform} on ${process.arch}, and the system’s Node ${process.versions.node} is older than ${RUNTIME_MINIMUM.join('.')}.`,
      `Install Node ${RUNTIME_MINIMUM.join('.')} or newer yourself, then run the same command again.`,
    );
  }
  rmSync(layout.nodeRuntime, { recursive: true, force: true });
  renameSync(draft, layout.nodeRuntime);
  return runtimeExecutable(layout.nodeRuntime);
}

/** @param {import('./layout.mjs').Layout} layout */
function pinnedRuntime(layout) {
  return path.join(layout.root, 'scripts', 'node');
}

/** @param {string} directory */
function runtimeExecutable(directory) {
  const system = process.platform === 'win32' ? 'win' : process.platform;
  const executable = process.platform === 'win32' ? 'node.exe' : 'node';
  return path.join(directory, 'node_modules', `node-${system}-${process.arch}`, 'bin', executable);
}

/**
 * Whether the installed Node is the pinned one: a newer commit may pin another.
 * @param {import('./layout.mjs').Layout} layout
 */
function isPinnedVersion(layout) {
  const [pinned, installed] = [pinnedRuntime(layout), layout.nodeRuntime].map((directory) => {
    const file = path.join(directory, 'package-lock.json');
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  });
  return pinned === installed && nodePackagesAreInstalled(layout.nodeRuntime);
}
