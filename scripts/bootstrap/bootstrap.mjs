/**
 * Makes a bare clone ready to run: Node, Node packages, Python environment, bundles. It has no
 * dependencies, checks each step before doing it, and does nothing when all are up to date.
 */
import { mkdirSync } from 'node:fs';

import { buildBundles, bundlesAreCurrent } from './bundles.mjs';
import { diagnoseFileError } from './diagnose.mjs';
import { environmentPython, layoutOf } from './layout.mjs';
import { installNodePackages, nodePackagesAreInstalled } from './nodePackages.mjs';
import { checkSetupNode, findNodeRuntime, installNodeRuntime } from './nodeRuntime.mjs';
import { createProgress } from './progress.mjs';
import {
  createPythonEnvironment,
  environmentIsUsable,
  installRequirements,
  pythonEnvironmentIsCurrent,
} from './pythonEnvironment.mjs';
import { interrupted } from './runCommand.mjs';
import { withSetupLock } from './setupLock.mjs';

/**
 * @typedef {object} Toolchain
 * @property {string} node Path of a Node new enough to run the project.
 * @property {string} python Path of the interpreter that has the engine's packages.
 */

/**
 * @param {object} options
 * @param {string} options.root
 * @param {AbortSignal} options.signal
 * @param {NodeJS.WriteStream} [options.output]
 * @returns {Promise<Toolchain>}
 * @throws {import('./setupFailure.mjs').SetupFailure}
 */
export async function bootstrap({ root, signal, output = process.stderr }) {
  checkSetupNode();
  const layout = layoutOf(root);
  const progress = createProgress(output);
  try {
    if (!isReady(layout)) {
      mkdirSync(layout.tools, { recursive: true });
      await withSetupLock({ lockFile: layout.lockFile, signal, note: progress.note }, () =>
        setUp(layout, progress, signal),
      );
    }
  } catch (error) {
    throw diagnoseFileError(`setting up ${root}`, error);
  }
  return {
    node: findNodeRuntime(layout) ?? process.execPath,
    python: environmentPython(layout.pythonEnvironment),
  };
}

/** @param {import('./layout.mjs').Layout} layout */
function isReady(layout) {
  return (
    findNodeRuntime(layout) !== undefined &&
    nodePackagesAreInstalled(layout.root) &&
    pythonEnvironmentIsCurrent(layout) &&
    bundlesAreCurrent(layout)
  );
}

/**
 * @param {import('./layout.mjs').Layout} layout
 * @param {import('./progress.mjs').Progress} progress
 * @param {AbortSignal} signal
 */
async function setUp(layout, progress, signal) {
  const node =
    findNodeRuntime(layout) ??
    (await progress.step('Installing Node 24', (onLine) =>
      installNodeRuntime(layout, { signal, onLine }),
    ));
  const logOf = (/** @type {string} */ name) => `${layout.logs}/${name}.log`;
  if (!nodePackagesAreInstalled(layout.root)) {
    await progress.step('Installing the Node packages', (onLine) =>
      installNodePackages({ directory: layout.root, logFile: logOf('npm'), signal, onLine }),
    );
  }
  if (!environmentIsUsable(layout)) {
    await progress.step('Making the Python environment', (onLine) =>
      createPythonEnvironment(layout, { signal, onLine }),
    );
  }
  if (!pythonEnvironmentIsCurrent(layout)) {
    await progress.step('Installing PyTorch and the engine’s Python packages', (onLine) =>
      installRequirements(layout, { signal, onLine }),
    );
  }
  if (signal.aborted) {
    throw interrupted();
  }
  if (!bundlesAreCurrent(layout)) {
    await progress.step('Building', (onLine) => buildBundles(layout, { node, signal, onLine }));
  }
}
