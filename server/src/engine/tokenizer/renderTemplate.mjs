/**
 * A program of its own: renders one chat template, whose text anybody may have written. Its process
 * has little memory, no right to anything, and ends with its owner. The language of templates has
 * loops and ranges without bounds, so that each rendering has a time limit as well.
 */
import { Template } from '@huggingface/jinja';

import { answerRequests } from './answerRequests.mjs';

/**
 * @typedef {object} RenderRequest
 * @property {string} source
 * @property {Readonly<Record<string, unknown>>} variables
 * @property {number} mostCharacters
 */

/** @type {{ source: string, template: Template } | undefined} */
let parsed;

/**
 * @param {RenderRequest} request
 * @returns {{ readonly text: string } | import('./answerRequests.mjs').Refusal}
 */
function rendered({ source, variables, mostCharacters }) {
  if (parsed?.source !== source) parsed = { source, template: new Template(source) };
  const text = parsed.template.render(variables);
  return text.length <= mostCharacters
    ? { text }
    : { refusal: `it writes more than ${String(mostCharacters)} characters` };
}

answerRequests(rendered);
