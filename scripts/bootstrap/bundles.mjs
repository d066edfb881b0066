/** Builds `dist` when a source of one of its bundles has changed. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

import { diagnoseOutput } from './diagnose.mjs';
import { runCommand } from './runCommand.mjs';

/**
 * `dist/inputs.json`, which the build writes last: every file that went into a bundle, with its size
 * and time.
 * @typedef {Record<string, { bytes: number, modifiedMs: number }>} BuildInputs
 */

/** @param {import('./layout.mjs').Layout} layout */
export function bundlesAreCurrent(layout) {
  const stamp = path.join(layout.root, 'dist', 'inputs.json');
  if (!existsSync(stamp)) {
    return false;
  }
  const inputs = /** @type {BuildInputs} */ (JSON.parse(readFileSync(stamp, 'utf8')));
  return Object.entries(inputs).every(([file, built]) => {
    const now = statSync(path.join(layout.root, file), { throwIfNoEntry: false });
    return now?.size === built.bytes && now.mtimeMs === built.modifiedMs;
  });
}

/**
 * @param {import('./layout.mjs').Layout} layout
 * @param {{ node: string, signal: AbortSignal, onLine: (line: string) => void }} options
 * @throws {import('./setupFailure.mjs').SetupFailure}
 */
export async function buildBundles(layout, { node, signal, onLine }) {
  const run = await runCommand({
    command: node,
    arguments: [path.join(layout.root, 'scripts', 'build.mjs')],
    directory: layout.root,
    logFile: path.join(layout.logs, 'build.log'),
    signal,
    onLine,
  });
  if (run.exitCode !== 0) {
    throw diagnoseOutput('building the bundles', run.output, run);
  }
}
