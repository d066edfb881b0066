/**
 * A program of its own: renders one chat template, whose text anybody may have written. Its process
 * has little memory, no right to anything, and ends with its owner. The language of templates has
 * loops and ranges without bounds, so that each rendering has a time limit as well, kept here and not
 * by the owner alone: an owner that was killed limits nothing.
 */
import process from 'node:process';
import { runInNewContext } from 'node:vm';

import { Template } from '@huggingface/jinja';

/**
 * @typedef {object} RenderRequest
 * @property {string} source
 * @property {Readonly<Record<string, unknown>>} variables
 * @property {number} limitMs
 * @property {number} mostCharacters
 */

/**
 * A text, or a clause on why there is none.
 * @typedef {{ readonly text: string } | { readonly refusal: string }} RenderAnswer
 */

/** @type {{ source: string, template: Template } | undefined} */
let parsed;

/**
 * @param {RenderRequest} request
 * @returns {RenderAnswer}
 */
function answerTo({ source, variables, limitMs, mostCharacters }) {
  const render = () => {
    if (parsed?.source !== source) parsed = { source, template: new Template(source) };
    return parsed.template.render(variables);
  };
  try {
    // The limit holds for everything that the call runs, in whatever context that was made.
    const text = /** @type {string} */ (
      runInNewContext('render()', { render }, { timeout: limitMs })
    );
    return text.length <= mostCharacters
      ? { text }
      : { refusal: `it writes more than ${String(mostCharacters)} characters` };
  } catch (error) {
    // An error from within has another context's class.
    const { code, message = '' } = /** @type {{ code?: string, message?: string }} */ (error);
    return code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
      ? { refusal: `it takes longer than ${String(limitMs / 1000)} s` }
      : { refusal: message.slice(0, 500) };
  }
}

process.on('message', (request) => {
  process.send?.(answerTo(/** @type {RenderRequest} */ (request)));
});
process.on('disconnect', () => {
  process.exit();
});
