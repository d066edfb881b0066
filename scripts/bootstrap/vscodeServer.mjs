/**
 * VS Code for people without a desktop and for the tests: `code-server` from npm, which is VS Code's
 * own server, web workbench and Node extension host, pinned by the lock file in scripts/vscode. It is
 * made beside its place and renamed into it, so that what is there is always whole.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

import { diagnoseOutput } from './diagnose.mjs';
import { INSTALL, installNodePackages } from './nodePackages.mjs';
import { runNpm } from './npm.mjs';

/** Written last, and says what this VS Code was made from. */
const STAMP = 'azr-studio-vscode.json';
/**
 * What needs a compiler. Without them VS Code runs, but its output channels stay empty and it prints
 * one complaint about its watchdog.
 */
const NATIVE_PACKAGES = ['@vscode/spdlog', '@vscode/native-watchdog'];
/** `install`, since `ci` finds the shrinkwrap that VS Code ships with one package short. */
const INSTALL_SHIPPED = ['install', ...INSTALL.slice(1), '--omit=dev'];

/**
 * @typedef {object} VscodeServer
 * @property {string} entry The program to run with Node 24.
 * @property {boolean} hasOutputChannels False where there was no compiler when it was installed.
 */

/**
 * @param {import('./layout.mjs').Layout} layout
 * @returns {VscodeServer | undefined} Undefined when it has to be installed.
 */
export function findVscodeServer(layout) {
  const stamp = path.join(layout.vscode, STAMP);
  if (!existsSync(stamp)) {
    return undefined;
  }
  const { lock, hasOutputChannels } = /** @type {{ lock: string, hasOutputChannels: boolean }} */ (
    JSON.parse(readFileSync(stamp, 'utf8'))
  );
  return lock === readFileSync(pinnedLock(layout), 'utf8')
    ? { entry: entryOf(layout.vscode), hasOutputChannels }
    : undefined;
}

/**
 * @param {import('./layout.mjs').Layout} layout
 * @param {{ node: string, signal: AbortSignal, onLine: (line: string) => void }} options `node` is Node 24.
 * @throws {import('./setupFailure.mjs').SetupFailure}
 */
export async function installVscodeServer(layout, { node, signal, onLine }) {
  const draft = `${layout.vscode}.new`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  const lock = readFileSync(pinnedLock(layout), 'utf8');
  cpSync(pinnedLock(layout), path.join(draft, 'package-lock.json'));
  cpSync(
    path.join(path.dirname(pinnedLock(layout)), 'package.json'),
    path.join(draft, 'package.json'),
  );
  const environment = environmentOf(node, path.join(draft, 'bin'));
  const logOf = (/** @type {string} */ name) => path.join(layout.logs, `${name}.log`);
  await installNodePackages({
    directory: draft,
    logFile: logOf('vscode'),
    environment,
    signal,
    onLine,
  });
  const shipped = path.join(draft, 'node_modules', 'code-server', 'lib', 'vscode');
  for (const directory of [shipped, path.join(shipped, 'extensions')]) {
    const logFile = logOf(`vscode-${path.basename(directory)}`);
    const run = await runNpm({
      ...{ arguments: INSTALL_SHIPPED, directory, logFile, environment, signal, onLine },
    });
    if (run.exitCode !== 0) {
      throw diagnoseOutput('installing the packages of VS Code', run.output, run);
    }
  }
  const rebuilt = await runNpm({
    arguments: ['rebuild', '--ignore-scripts=false', ...NATIVE_PACKAGES],
    directory: shipped,
    logFile: logOf('vscode-native'),
    environment,
    signal,
    onLine,
  });
  const hasOutputChannels = rebuilt.exitCode === 0;
  writeFileSync(path.join(draft, STAMP), JSON.stringify({ lock, hasOutputChannels }));
  rmSync(layout.vscode, { recursive: true, force: true });
  renameSync(draft, layout.vscode);
}

/**
 * The npm is the user's, but whatever it starts runs on the Node that will load what is made, with
 * that Node's headers where they lie beside it: node-gyp then downloads none.
 * @param {string} node
 * @param {string} folder To be made; `node` and nothing else is put into it.
 * @returns {NodeJS.ProcessEnv}
 */
function environmentOf(node, folder) {
  const prefix = path.dirname(path.dirname(node));
  const hasHeaders = existsSync(path.join(prefix, 'include', 'node', 'node_api.h'));
  mkdirSync(folder, { recursive: true });
  symlinkSync(node, path.join(folder, path.basename(node)));
  return {
    PATH: `${folder}${path.delimiter}${process.env['PATH'] ?? ''}`,
    // A log needs no more, and a quarter of the compiler's time is saved.
    CXXFLAGS: process.env['CXXFLAGS'] ?? '-O1',
    ...(hasHeaders ? { npm_config_nodedir: prefix } : {}),
  };
}

/** @param {string} directory */
function entryOf(directory) {
  return path.join(directory, 'node_modules', 'code-server', 'out', 'node', 'entry.js');
}

/** @param {import('./layout.mjs').Layout} layout */
function pinnedLock(layout) {
  return path.join(layout.root, 'scripts', 'vscode', 'package-lock.json');
}
