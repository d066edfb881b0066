/**
 * Makes a bare clone ready to run: Node, Node packages, Python environment, bundles. It has no
 * dependencies, checks each step before doing it, and does nothing when all are up to date.
 */
import { mkdirSync } from 'node:fs';

import { findBrowser, installBrowser } from './browser.mjs';
import { bubblewrapIsSettled, installBubblewrap } from './bubblewrap.mjs';
import { buildBundles, bundlesAreCurrent } from './bundles.mjs';
import { diagnoseFileError } from './diagnose.mjs';
import { interpreterIn } from '../../server/src/python/environment.mjs';
import { layoutOf } from './layout.mjs';
import { installNodePackages, nodePackagesAreInstalled } from './nodePackages.mjs';
import {
  checkSetupNode,
  findNodeRuntime,
  findVscodeNode,
  installNodeRuntime,
} from './nodeRuntime.mjs';
import { createProgress } from './progress.mjs';
import {
  createPythonEnvironment,
  environmentIsUsable,
  installRequirements,
  pythonEnvironmentIsCurrent,
} from './pythonEnvironment.mjs';
import { runTogether } from './runTogether.mjs';
import { withSetupLock } from './setupLock.mjs';
import { findVscodeServer, installVscodeServer } from './vscodeServer.mjs';

/**
 * @typedef {object} Toolchain
 * @property {string} node Path of a Node new enough to run the project.
 * @property {string} python Path of the interpreter that has the engine's packages.
 */

/**
 * What only some commands need, and only they wait for.
 * @typedef {'vscode' | 'browser' | 'bubblewrap'} Extra
 */

/**
 * @param {object} options
 * @param {string} options.root
 * @param {AbortSignal} options.signal
 * @param {readonly Extra[]} [options.extras]
 * @param {(node: string) => void} [options.onNodeReady] Called when whatever needs no Python can begin.
 * @param {NodeJS.WriteStream} [options.output]
 * @returns {Promise<Toolchain>}
 * @throws {import('./setupFailure.mjs').SetupFailure}
 */
export async function bootstrap({ root, signal, output = process.stderr, ...options }) {
  const { extras = [], onNodeReady = () => undefined } = options;
  checkSetupNode();
  const layout = layoutOf(root);
  const progress = createProgress(output);
  try {
    if (!isReady(layout) || !extras.every((extra) => hasExtra(layout, extra))) {
      mkdirSync(layout.tools, { recursive: true });
      await withSetupLock({ lockFile: layout.lockFile, signal, note: progress.note }, () =>
        setUp(layout, { extras, onNodeReady }, progress, signal),
      );
    } else {
      onNodeReady(nodeOf(layout));
    }
  } catch (error) {
    throw diagnoseFileError(`setting up ${root}`, error);
  }
  return {
    node: nodeOf(layout),
    python: interpreterIn(layout.pythonEnvironment),
  };
}

/** @param {import('./layout.mjs').Layout} layout */
function nodeOf(layout) {
  return findNodeRuntime(layout) ?? process.execPath;
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
 * @param {Extra} extra
 */
function hasExtra(layout, extra) {
  if (extra === 'browser') return findBrowser() !== undefined;
  if (extra === 'bubblewrap') return bubblewrapIsSettled();
  return findVscodeServer(layout) !== undefined && findVscodeNode(layout) !== undefined;
}

/**
 * What does not need one another is done at the same time: most of each is waiting for a network.
 * @param {import('./layout.mjs').Layout} layout
 * @param {{ extras: readonly Extra[], onNodeReady: (node: string) => void }} options
 * @param {import('./progress.mjs').Progress} progress
 * @param {AbortSignal} signal
 */
async function setUp(layout, { extras, onNodeReady }, progress, signal) {
  const wants = (/** @type {Extra} */ extra) => extras.includes(extra) && !hasExtra(layout, extra);
  await runTogether(signal, [
    (/** @type {AbortSignal} */ signal) => setUpPythonSide(layout, progress, signal),
    async (/** @type {AbortSignal} */ signal) => {
      await setUpNodeSide(layout, wants('vscode'), progress, signal);
      onNodeReady(nodeOf(layout));
    },
    async (/** @type {AbortSignal} */ signal) => {
      if (wants('vscode') && findVscodeServer(layout) === undefined) {
        await progress.step('Installing VS Code for the browser', (onLine) =>
          installVscodeServer(layout, { signal, onLine }),
        );
      }
    },
    async (/** @type {AbortSignal} */ signal) => {
      if (wants('browser')) {
        await progress.step('Installing Chromium', (onLine) =>
          installBrowser(layout, { signal, onLine }),
        );
      }
      // apt-get does one thing at a time.
      if (wants('bubblewrap')) {
        const missing = await progress.step('Installing bubblewrap', (onLine) =>
          installBubblewrap(layout, { signal, onLine }),
        );
        if (missing !== undefined) progress.note(missing);
      }
    },
  ]);
}

/**
 * @param {import('./layout.mjs').Layout} layout
 * @param {boolean} wantsVscode VS Code's server runs on Node 24 and no other.
 * @param {import('./progress.mjs').Progress} progress
 * @param {AbortSignal} signal
 */
async function setUpNodeSide(layout, wantsVscode, progress, signal) {
  const lacksNode =
    findNodeRuntime(layout) === undefined || (wantsVscode && findVscodeNode(layout) === undefined);
  await runTogether(signal, [
    async (/** @type {AbortSignal} */ signal) => {
      if (lacksNode) {
        await progress.step('Installing Node 24', (onLine) =>
          installNodeRuntime(layout, { signal, onLine }),
        );
      }
    },
    async (/** @type {AbortSignal} */ signal) => {
      if (!nodePackagesAreInstalled(layout.root)) {
        const logFile = `${layout.logs}/npm.log`;
        await progress.step('Installing the Node packages', (onLine) =>
          installNodePackages({ directory: layout.root, logFile, signal, onLine }),
        );
      }
    },
  ]);
  if (!bundlesAreCurrent(layout)) {
    await progress.step('Building', (onLine) =>
      buildBundles(layout, { node: nodeOf(layout), signal, onLine }),
    );
  }
}

/**
 * @param {import('./layout.mjs').Layout} layout
 * @param {import('./progress.mjs').Progress} progress
 * @param {AbortSignal} signal
 */
async function setUpPythonSide(layout, progress, signal) {
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
}
