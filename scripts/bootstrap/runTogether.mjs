/** Works that are done at the same time, and fail as one. */
import { interrupted } from './runCommand.mjs';

/**
 * The first to fail ends the others; its failure is thrown once all have ended, so that nothing is
 * left at work behind a message.
 * @param {AbortSignal} signal
 * @param {readonly ((signal: AbortSignal) => Promise<void>)[]} works
 * @throws {import('./setupFailure.mjs').SetupFailure} `interrupted` after an abort.
 */
export async function runTogether(signal, works) {
  const others = new AbortController();
  /** @type {unknown[]} */
  const failures = [];
  await Promise.all(
    works.map(async (work) => {
      try {
        await work(AbortSignal.any([signal, others.signal]));
      } catch (failure) {
        failures.push(failure);
        others.abort();
      }
    }),
  );
  if (signal.aborted) {
    throw interrupted();
  }
  if (failures.length > 0) {
    throw failures[0];
  }
}
