/** Runs npm, the one that started us where there is one. */
import path from 'node:path';

import { runCommand } from './runCommand.mjs';
import { SetupFailure } from './setupFailure.mjs';

/**
 * @param {object} options
 * @param {readonly string[]} options.arguments
 * @param {string} options.directory
 * @param {string} options.logFile
 * @param {AbortSignal} options.signal
 * @param {(line: string) => void} options.onLine
 * @throws {SetupFailure} `npm-missing`
 */
export async function runNpm(options) {
  const script = process.env['npm_execpath'] ?? '';
  const startedByNpm = path.basename(script) === 'npm-cli.js';
  const run = await runCommand({
    ...options,
    command: startedByNpm ? process.execPath : process.platform === 'win32' ? 'npm.cmd' : 'npm',
    arguments: startedByNpm ? [script, ...options.arguments] : options.arguments,
  });
  if (run.exitCode === 127) {
    throw new SetupFailure(
      'npm-missing',
      'the program npm was not found.',
      'Install npm (it comes with Node; on Debian: apt install npm), then run the same command again.',
    );
  }
  return run;
}
