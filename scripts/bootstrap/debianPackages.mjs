/** Debian's packages, which set-up installs where they are its to install: as root, with apt-get. */
import path from 'node:path';

import { findOnPath } from '../../server/src/python/findOnPath.mjs';
import { runCommand } from './runCommand.mjs';

/** How long apt-get waits for another one to finish. */
const LOCK_SECONDS = 120;

export function debianPackagesAreOurs() {
  return findOnPath('apt-get') !== undefined && process.getuid?.() === 0;
}

/**
 * @param {readonly string[]} packages
 * @param {import('./layout.mjs').Layout} layout
 * @param {{ signal: AbortSignal, onLine: (line: string) => void }} options
 * @returns {Promise<import('./runCommand.mjs').CommandRun>} The installation, done or failed.
 */
export async function installDebianPackages(packages, layout, options) {
  const waiting = ['-o', `DPkg::Lock::Timeout=${LOCK_SECONDS}`];
  const log = `debian-${packages.at(-1) ?? 'packages'}`;
  /**
   * @param {string} part
   * @param {readonly string[]} command
   */
  const run = (part, [command = '', ...commandArguments]) =>
    runCommand({
      ...options,
      command,
      arguments: commandArguments,
      directory: layout.root,
      logFile: path.join(layout.logs, `${log}-${part}.log`),
      environment: { DEBIAN_FRONTEND: 'noninteractive' },
    });
  const install = () =>
    run('install', [
      'apt-get',
      ...waiting,
      'install',
      '-y',
      '--no-install-recommends',
      ...packages,
    ]);
  // Mends an installation that was cut short; does nothing otherwise.
  await run('configure', ['dpkg', '--configure', '-a']);
  const first = await install();
  if (first.exitCode === 0) return first;
  // A new machine has no index of packages, and an old index names versions that are gone.
  await run('update', ['apt-get', ...waiting, 'update']);
  return install();
}
