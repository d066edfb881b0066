/** Starts a program that ends, with all it has started, when this process ends, kill -9 included. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const SUPERVISE = fileURLToPath(new URL('supervise.mjs', import.meta.url));

/**
 * Closing the child's standard input stops the program. The exit code is the program's; 127 when it
 * does not exist, 126 when it cannot be started, 128 + the number of the signal that ended it.
 * @param {readonly string[]} command Program and arguments.
 * @param {object} options
 * @param {string} options.directory
 * @param {NodeJS.ProcessEnv} [options.environment] Added to this process's own.
 * @param {'pipe' | 'inherit'} options.output
 */
export function spawnSupervised(command, { directory, environment = {}, output }) {
  return spawn(process.execPath, [SUPERVISE, ...command], {
    cwd: directory,
    stdio: ['pipe', output, output],
    env: { ...process.env, ...environment },
  });
}

/**
 * @param {readonly string[]} command
 * @param {{ directory: string, environment?: NodeJS.ProcessEnv, output: 'pipe' | 'inherit' }} options
 * @returns {Promise<{ exitCode: number, output: string }>} Output is empty when it was inherited.
 */
export function runSupervised(command, options) {
  return new Promise((resolve, reject) => {
    const child = spawnSupervised(command, options);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (/** @type {string} */ chunk) => {
        output += chunk;
      });
    }
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ exitCode: code ?? 1, output });
    });
  });
}
