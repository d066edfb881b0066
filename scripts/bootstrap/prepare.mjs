/** How every script of package.json begins: set-up, with Ctrl-C and failures turned into exit codes. */
import { bootstrap } from './bootstrap.mjs';
import { PROJECT_ROOT } from './layout.mjs';
import { SetupFailure, describeFailure } from './setupFailure.mjs';

/**
 * Sets the clone up, or ends this process with a message and an exit code other than 0.
 * @param {readonly import('./bootstrap.mjs').Extra[]} [extras]
 * @param {(node: string) => void} [onNodeReady] Called when whatever needs no Python can begin.
 * @returns {Promise<import('./bootstrap.mjs').Toolchain>}
 */
export async function prepare(extras = [], onNodeReady = () => undefined) {
  const controller = new AbortController();
  const stop = () => {
    controller.abort();
  };
  const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
  for (const signal of signals) {
    process.on(signal, stop);
  }
  try {
    const { signal } = controller;
    return await bootstrap({ root: PROJECT_ROOT, extras, onNodeReady, signal });
  } catch (error) {
    if (error instanceof SetupFailure) {
      process.stderr.write(`\n${describeFailure(error)}\n`);
      process.exit(error.exitCode);
    }
    throw error;
  } finally {
    for (const signal of signals) {
      process.off(signal, stop);
    }
  }
}
