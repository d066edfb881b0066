/** Hands the terminal to a Node program and takes its exit code. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/** npm sends on the signal that its whole group has already got: two so close are one. */
const SAME_SIGNAL_MS = 300;
const DIE_WITH_PARENT = new URL('dieWithParent.mjs', import.meta.url).href;

/**
 * @param {string} node
 * @param {readonly string[]} nodeArguments
 * @returns {Promise<number>} The exit code; 128 + the signal's number where a signal ended it.
 */
export function runInForeground(node, nodeArguments) {
  const onTerminal = isOnTerminal();
  const child = spawn(node, ['--import', DIE_WITH_PARENT, ...nodeArguments], {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    env: { ...process.env, AZR_OWNER_PROCESS: String(process.pid) },
    // Off the terminal, a group of its own: signals then come from here alone.
    detached: !onTerminal && process.platform !== 'win32',
  });
  let forwardedAt = -Infinity;
  /** @param {NodeJS.Signals} signal */
  const forward = (signal) => {
    // A terminal sends Ctrl-C to the whole group; sent on, it would count as pressed twice.
    const isHandled = signal === 'SIGINT' && onTerminal;
    if (!isHandled && performance.now() - forwardedAt > SAME_SIGNAL_MS) {
      forwardedAt = performance.now();
      child.kill(signal);
    }
  };
  const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
  for (const signal of signals) {
    process.on(signal, forward);
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      for (const name of signals) {
        process.off(name, forward);
      }
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}

function isOnTerminal() {
  return [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY);
}
