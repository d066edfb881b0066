/**
 * VS Code for people without a desktop and for the tests: `code-server` from npm, which is VS Code's
 * own server, web workbench and Node extension host, pinned by the lock file in scripts/vscode. It is
 * made beside its place and renamed into it, so that what is there is always whole.
 */
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

import { diagnoseOutput } from './diagnose.mjs';
import { INSTALL, installNodePackages } from './nodePackages.mjs';
import { runNpm } from './npm.mjs';

/** Written last, and says what this VS Code was made from. */
const STAMP = 'azr-studio-vscode.txt';
/** Packages that would need a compiler, and what stands in for each, beside the lock file. */
const STAND_INS = {
  '@vscode/spdlog': 'spdlog.mjs',
  '@vscode/native-watchdog': 'nativeWatchdog.mjs',
};
/** Used by VS Code's own agents alone: 180 MB. */
const NOT_NEEDED = ['@github/copilot-sdk', '@microsoft/mxc-sdk'];
/** `install`, since `ci` finds the shrinkwrap that VS Code ships with one package short. */
const INSTALL_SHIPPED = ['install', ...INSTALL.slice(1), '--omit=dev'];

/**
 * @param {import('./layout.mjs').Layout} layout
 * @returns {string | undefined} The program to run with Node 24; undefined when it has to be installed.
 */
export function findVscodeServer(layout) {
  const stamp = path.join(layout.vscode, STAMP);
  if (!existsSync(stamp)) {
    return undefined;
  }
  return readFileSync(stamp, 'utf8') === whatItIsMadeFrom(layout)
    ? path.join(layout.vscode, 'node_modules', 'code-server', 'out', 'node', 'entry.js')
    : undefined;
}

/**
 * @param {import('./layout.mjs').Layout} layout
 * @param {{ signal: AbortSignal, onLine: (line: string) => void }} options
 * @throws {import('./setupFailure.mjs').SetupFailure}
 */
export async function installVscodeServer(layout, { signal, onLine }) {
  const draft = `${layout.vscode}.new`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  const madeFrom = whatItIsMadeFrom(layout);
  for (const name of ['package.json', 'package-lock.json']) {
    cpSync(path.join(pinned(layout), name), path.join(draft, name));
  }
  const logOf = (/** @type {string} */ name) => path.join(layout.logs, `${name}.log`);
  await installNodePackages({
    directory: draft,
    logFile: logOf('vscode'),
    signal,
    onLine,
  });
  const shipped = path.join(draft, 'node_modules', 'code-server', 'lib', 'vscode');
  leaveOut(path.join(shipped, 'package.json'));
  for (const directory of [shipped, path.join(shipped, 'extensions')]) {
    const logFile = logOf(`vscode-${path.basename(directory)}`);
    const run = await runNpm({
      ...{ arguments: INSTALL_SHIPPED, directory, logFile, signal, onLine },
    });
    if (run.exitCode !== 0) {
      throw diagnoseOutput('installing the packages of VS Code', run.output, run);
    }
  }
  for (const [name, standIn] of Object.entries(STAND_INS)) {
    const folder = path.join(shipped, 'node_modules', name);
    cpSync(path.join(pinned(layout), standIn), path.join(folder, standIn));
    writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name, main: standIn }));
  }
  writeFileSync(path.join(draft, STAMP), madeFrom);
  rmSync(layout.vscode, { recursive: true, force: true });
  renameSync(draft, layout.vscode);
}

/** @param {string} packageFile */
function leaveOut(packageFile) {
  const description = /** @type {{ dependencies?: Record<string, string> }} */ (
    JSON.parse(readFileSync(packageFile, 'utf8'))
  );
  for (const name of NOT_NEEDED) delete description.dependencies?.[name];
  writeFileSync(packageFile, JSON.stringify(description));
}

/** @param {import('./layout.mjs').Layout} layout */
function pinned(layout) {
  return path.join(layout.root, 'scripts', 'vscode');
}

/** @param {import('./layout.mjs').Layout} layout */
function whatItIsMadeFrom(layout) {
  const sources = ['package-lock.json', ...Object.values(STAND_INS)];
  const hash = createHash('sha256').update(JSON.stringify(NOT_NEEDED));
  for (const name of sources) hash.update(readFileSync(path.join(pinned(layout), name)));
  return hash.digest('hex');
}
