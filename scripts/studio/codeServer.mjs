/**
 * Serves VS Code on loopback to whoever has a secret that only this process and its gate know, or a test.
 * It ends, with all it has started, when its owner ends.
 */
import { randomBytes } from 'node:crypto';
import { createWriteStream, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { SetupFailure } from '../bootstrap/setupFailure.mjs';
import { spawnSupervised } from '../bootstrap/spawnSupervised.mjs';
import { makePrivateFolder, writePrivateFile } from './privateFile.mjs';
import { writeMachineSettings, writeUserSettings } from './userSettings.mjs';

const START_TIMEOUT_MS = 60_000;
const POLL_MS = 50;
/** Keeps our session apart from that of another code-server on this machine's loopback. */
const COOKIE_SUFFIX = 'azr-studio';
const SECRET_BYTES = 32;

/**
 * @typedef {object} ServedVscode
 * @property {string} node Node 24.
 * @property {string} entry The program of code-server.
 * @property {string} dataFolder Everything it writes: user data, extensions, logs.
 */

/**
 * @typedef {object} CodeServer
 * @property {string} origin Such as `http://127.0.0.1:8473`.
 * @property {number} port
 * @property {{ name: string, value: string }} session The cookie that it wants to see.
 * @property {string} logFile
 * @property {Promise<number>} ended The exit code, once it has ended.
 * @property {() => Promise<void>} stop
 */

/**
 * Installs a VSIX. This must be done before a page is opened.
 * @param {ServedVscode} vscode
 * @param {string} vsix
 * @param {{ environment?: NodeJS.ProcessEnv }} [options]
 * @throws {SetupFailure}
 */
export async function installExtension(vscode, vsix, { environment = {} } = {}) {
  prepareFolders(vscode);
  const child = spawnSupervised(
    [vscode.node, vscode.entry, ...commonOptions(vscode), '--install-extension', vsix, '--force'],
    {
      directory: vscode.dataFolder,
      environment: { ...environmentOf(vscode), ...environment },
      output: 'pipe',
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (/** @type {string} */ chunk) => {
      output += chunk;
    });
  }
  /** @type {number} */
  const exitCode = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      resolve(code ?? 1);
    });
  });
  if (exitCode !== 0 || !output.includes('was successfully installed')) {
    throw new SetupFailure(
      'step-failed',
      `installing ${vsix} into VS Code ended with exit code ${exitCode}.`,
      'Read the last lines above; deleting the folder .tools/studio starts VS Code afresh.',
      { logTail: output.trim() },
    );
  }
}

/**
 * @param {ServedVscode} vscode
 * @param {object} options
 * @param {number} options.port
 * @param {Readonly<Record<string, unknown>>} [options.settings] User settings; ours go over what is there.
 * @param {Readonly<Record<string, unknown>>} [options.machineSettings] As above, for settings whose scope is the machine: from user settings VS Code takes those only where it is itself the machine.
 * @param {readonly string[]} [options.arguments]
 * @param {NodeJS.ProcessEnv} [options.environment]
 * @returns {Promise<CodeServer>}
 * @throws {SetupFailure}
 */
export async function startCodeServer(vscode, options) {
  prepareFolders(vscode);
  const data = path.join(vscode.dataFolder, 'data');
  writeUserSettings(path.join(data, 'User', 'settings.json'), options.settings ?? {});
  writeMachineSettings(path.join(data, 'Machine', 'settings.json'), options.machineSettings ?? {});
  // Nobody knows the password: the cookie that code-server compares is its hash.
  const hashed = randomBytes(SECRET_BYTES).toString('hex');
  // The path of a socket may be no longer than some hundred characters; a clone's may well be.
  const socketFolder = mkdtempSync(path.join(tmpdir(), 'azr-vscode-'));
  const logFile = path.join(vscode.dataFolder, 'server.log');
  const log = createWriteStream(logFile, { mode: 0o600 });
  const child = spawnSupervised(
    [
      ...[vscode.node, vscode.entry, ...commonOptions(vscode)],
      ...['--session-socket', path.join(socketFolder, 'session.sock')],
      ...['--auth', 'password', '--cookie-suffix', COOKIE_SUFFIX],
      ...['--bind-addr', `127.0.0.1:${options.port}`],
      ...['--disable-telemetry', '--disable-update-check', '--disable-getting-started-override'],
      ...['--disable-proxy', '--ignore-last-opened'],
      ...(options.arguments ?? []),
    ],
    {
      directory: vscode.dataFolder,
      environment: { ...environmentOf(vscode), HASHED_PASSWORD: hashed, ...options.environment },
      output: 'pipe',
    },
  );
  child.stdout?.pipe(log);
  child.stderr?.pipe(log);
  // A full disk costs the log. VS Code goes on, as long as somebody takes what it says.
  log.on('error', () => {
    child.stdout?.resume();
    child.stderr?.resume();
  });
  /** @type {Promise<number>} */
  const ended = new Promise((resolve) => {
    child.on('close', (code) => {
      rmSync(socketFolder, { recursive: true, force: true });
      resolve(code ?? 1);
    });
  });
  const stop = async () => {
    child.stdin?.destroy();
    await ended;
  };
  const origin = `http://127.0.0.1:${options.port}`;
  if (!(await answers(`${origin}/healthz`, ended))) {
    await stop();
    throw new SetupFailure(
      'step-failed',
      `VS Code did not start on ${origin}.`,
      `Read ${logFile}. Where it does not help, deleting the folder .tools/vscode installs VS Code afresh.`,
    );
  }
  const session = { name: `code-server-session-${COOKIE_SUFFIX}`, value: hashed };
  return { origin, port: options.port, session, logFile, ended, stop };
}

/** @param {ServedVscode} vscode */
function prepareFolders({ dataFolder }) {
  makePrivateFolder(dataFolder);
  // Where it finds none, code-server writes one with a password that everybody may read and nothing asks for.
  writePrivateFile(configurationIn(dataFolder), '');
  for (const folder of ['data', 'extensions', 'share']) {
    mkdirSync(path.join(dataFolder, folder), { recursive: true });
  }
}

/** @param {string} dataFolder */
function configurationIn(dataFolder) {
  return path.join(dataFolder, 'config.yaml');
}

/** @param {ServedVscode} vscode */
function commonOptions({ dataFolder }) {
  return [
    ...['--config', configurationIn(dataFolder)],
    ...['--user-data-dir', path.join(dataFolder, 'data')],
    ...['--extensions-dir', path.join(dataFolder, 'extensions')],
  ];
}

/**
 * @param {ServedVscode} vscode
 * @returns {NodeJS.ProcessEnv}
 */
function environmentOf({ dataFolder }) {
  return {
    // No gallery: nothing is looked up or updated behind the user's back.
    EXTENSIONS_GALLERY: '{}',
    XDG_DATA_HOME: path.join(dataFolder, 'share'),
    // Started from a terminal inside VS Code, it would otherwise talk to that one.
    VSCODE_IPC_HOOK_CLI: undefined,
    PASSWORD: undefined,
    PORT: undefined,
  };
}

/**
 * @param {string} address
 * @param {Promise<unknown>} ended
 * @returns {Promise<boolean>} False when the server ended or the time is over.
 */
async function answers(address, ended) {
  const giveUp = AbortSignal.timeout(START_TIMEOUT_MS);
  const over = ended.then(() => 'ended');
  while (!giveUp.aborted) {
    try {
      const response = await fetch(address, { signal: giveUp });
      if (response.ok) {
        return true;
      }
    } catch {
      // It is not listening yet.
    }
    if ((await Promise.race([over, delay(POLL_MS)])) === 'ended') {
      return false;
    }
  }
  return false;
}
