/** Runs npm, Python and pip with their output in a log file and its end in memory. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { SetupFailure } from './setupFailure.mjs';
import { spawnSupervised } from './spawnSupervised.mjs';

/** Enough for any diagnosis; npm and pip print their reason last. */
const KEPT_CHARACTERS = 64 * 1024;

/**
 * @typedef {object} CommandRun
 * @property {number} exitCode 127 when the program does not exist, 126 when it cannot be started.
 * @property {string} output The last 64 Ki characters of stdout and stderr.
 * @property {string} logFile
 */

/**
 * @param {object} options
 * @param {string} options.command
 * @param {readonly string[]} options.arguments
 * @param {string} options.directory
 * @param {string} options.logFile
 * @param {NodeJS.ProcessEnv} [options.environment] Added to this process's own.
 * @param {AbortSignal} options.signal Ends the command and everything it started.
 * @param {(line: string) => void} options.onLine Hears the latest line of output.
 * @returns {Promise<CommandRun>}
 * @throws {SetupFailure} `interrupted`, once the command has ended after an abort.
 */
export function runCommand(options) {
  const { command, directory, logFile, signal, onLine } = options;
  mkdirSync(path.dirname(logFile), { recursive: true });
  writeFileSync(logFile, `$ ${[command, ...options.arguments].join(' ')}\n`);
  const child = spawnSupervised([command, ...options.arguments], {
    directory,
    environment: { PYTHONUNBUFFERED: '1', ...options.environment },
    output: 'pipe',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (/** @type {string} */ chunk) => {
      output = (output + chunk).slice(-KEPT_CHARACTERS);
      appendQuietly(logFile, chunk);
      const line = chunk.trim().split('\n').at(-1);
      if (line) {
        onLine(line);
      }
    });
  }
  const stop = () => child.stdin?.destroy();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) {
    stop();
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      signal.removeEventListener('abort', stop);
      if (signal.aborted) {
        reject(interrupted());
      } else {
        resolve({ exitCode: code ?? 1, output, logFile });
      }
    });
  });
}

export function interrupted() {
  return new SetupFailure(
    'interrupted',
    'it was stopped before it was done.',
    'Run the same command again; it goes on with the step that was stopped.',
    { exitCode: 130 },
  );
}

/**
 * The log is a convenience: a full disk must not hide the message of the program that met it.
 * @param {string} file
 * @param {string} text
 */
function appendQuietly(file, text) {
  try {
    appendFileSync(file, text);
  } catch {
    // The text is still in memory for the diagnosis.
  }
}
