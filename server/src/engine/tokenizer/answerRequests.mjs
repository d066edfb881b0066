/**
 * What the programs have in common that work with files of a model folder, which anybody may have
 * written: they answer one request after another, each within a limit of time. It is kept here too,
 * and not by the owner alone: an owner that was killed limits nothing.
 */
import process from 'node:process';
import { createContext, Script } from 'node:vm';

/**
 * Why there is no answer, as a clause; `exceeded` where a limit of time or memory was.
 * @typedef {{ readonly refusal: string, readonly exceeded?: true }} Refusal
 */

/**
 * @typedef {object} Message
 * @property {unknown} request
 * @property {number} limitMs
 */

/** The first message, before any answer: how long the process took to start is not counted. */
export const BEGUN = 'begun';

const MOST_REASON_CHARACTERS = 500;

/** @type {{ call: () => unknown }} */
const globals = { call: () => undefined };
const context = createContext(globals);
// The limit holds for everything that the call runs, in whatever context that was made.
const script = new Script('call()');

/**
 * Answers every request of the owner with what `handle` returns, and with a {@link Refusal} where it
 * throws or takes too long.
 * @param {(request: any) => unknown} handle
 */
export function answerRequests(handle) {
  process.on('message', (message) => {
    const { request, limitMs } = /** @type {Message} */ (message);
    process.send?.(answerTo(() => handle(request), limitMs));
  });
  process.on('disconnect', () => {
    process.exit();
  });
  process.send?.(BEGUN);
}

/**
 * @param {() => unknown} call
 * @param {number} limitMs
 * @returns {unknown}
 */
function answerTo(call, limitMs) {
  globals.call = call;
  try {
    return script.runInContext(context, { timeout: limitMs });
  } catch (error) {
    // An error from within may have another context's class.
    const { code, message = '' } = /** @type {{ code?: string, message?: string }} */ (error);
    return code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
      ? { refusal: `it takes longer than ${String(limitMs / 1000)} s`, exceeded: true }
      : { refusal: message.slice(0, MOST_REASON_CHARACTERS) };
  }
}
