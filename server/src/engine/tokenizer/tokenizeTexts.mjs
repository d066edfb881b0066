/**
 * A program of its own: the tokenizer of one model folder, which anybody may have written. Its regular
 * expressions can take longer than the world lasts for a text of fifty letters, and its replacements
 * more memory than there is. So its process has no right to anything, and limits of time and memory.
 * It gets the open tokenizer.json as its standard input.
 */
import { readFileSync } from 'node:fs';

import { Tokenizer } from '@huggingface/tokenizers';

import { answerRequests } from './answerRequests.mjs';
import { tokenTexts } from './tokenTexts.mjs';

/**
 * @typedef {{ readonly kind: 'load', readonly config: object }
 *   | { readonly kind: 'encode', readonly text: string, readonly addSpecialTokens: boolean }
 *   | { readonly kind: 'decode', readonly tokens: readonly number[] }
 *   | { readonly kind: 'texts', readonly tokens: readonly number[] }} SingleRequest
 */

/**
 * Several in one message, since a message takes far longer than a short text.
 * @typedef {SingleRequest | { readonly kind: 'many', readonly requests: readonly SingleRequest[] }} TokenizerRequest
 */

/**
 * @typedef {{ skip_special_tokens: boolean, clean_up_tokenization_spaces: boolean }} DecodingOptions
 */

/**
 * What is looked at of tokenizer.json.
 * @typedef {{ readonly cleanup?: boolean, readonly decoders?: readonly Decoder[] }} Decoder
 * @typedef {{ readonly decoder?: Decoder | null }} Description
 */

/**
 * What is used of the library. Its own declarations import files without extensions, which strict
 * module resolution does not follow.
 * @typedef {object} LoadedTokenizer
 * @property {(text: string, options: { add_special_tokens: boolean }) => { ids: unknown[] }} encode
 * @property {(tokens: readonly number[], options: DecodingOptions) => string} decode
 */

/**
 * A program is read as the model wrote it. To clean up would take the space out of `x != y`, and is what
 * many a tokenizer_config.json asks for, as does one that says nothing.
 */
const EXACTLY = { skip_special_tokens: true, clean_up_tokenization_spaces: false };
const STANDARD_INPUT = 0;
/** Of an answer, and more than any context has room for. */
const MOST_TOKENS = 4_000_000;
const MOST_CHARACTERS = 16_000_000;
const MOST_REASON_CHARACTERS = 500;

const TokenizerOfFiles =
  /** @type {new (description: object, config: object) => LoadedTokenizer} */ (
    /** @type {unknown} */ (Tokenizer)
  );

/** @type {LoadedTokenizer | undefined} */
let loaded;

/** @param {TokenizerRequest} request */
function answerTo(request) {
  return request.kind === 'many'
    ? { answers: request.requests.map(eachAnswer) }
    : answerToOne(request);
}

/**
 * One text that cannot be read says nothing of the others.
 * @param {SingleRequest} request
 */
function eachAnswer(request) {
  try {
    return answerToOne(request);
  } catch (error) {
    const { message = '' } = /** @type {{ message?: string }} */ (error);
    return { refusal: message.slice(0, MOST_REASON_CHARACTERS) };
  }
}

/** @param {SingleRequest} request */
function answerToOne(request) {
  if (request.kind === 'load') {
    const description = /** @type {Description} */ (
      JSON.parse(readFileSync(STANDARD_INPUT, 'utf8'))
    );
    const { decoder } = description;
    loaded = new TokenizerOfFiles(
      { ...description, ...(decoder && { decoder: exact(decoder) }) },
      request.config,
    );
    return {};
  }
  if (request.kind === 'encode') return { tokens: encode(request.text, request.addSpecialTokens) };
  if (request.kind === 'decode') return { text: bounded(decode(request.tokens)) };
  const texts = tokenTexts({ decode }, request.tokens);
  bounded(texts.join(''));
  return { texts };
}

/**
 * The same, for decoders that clean up by themselves.
 * @param {Decoder} decoder
 * @returns {Decoder}
 */
function exact(decoder) {
  return {
    ...decoder,
    ...('cleanup' in decoder && { cleanup: false }),
    ...(decoder.decoders && { decoders: decoder.decoders.map(exact) }),
  };
}

/**
 * @param {string} text
 * @param {boolean} addSpecialTokens
 */
function encode(text, addSpecialTokens) {
  const { ids } = tokenizer().encode(text, { add_special_tokens: addSpecialTokens });
  if (ids.length > MOST_TOKENS) throw new Error(`it makes more than ${MOST_TOKENS} tokens`);
  if (!ids.every((id) => Number.isSafeInteger(id) && Number(id) >= 0)) {
    throw new Error('it has no number for a part of a text');
  }
  return ids;
}

/** @param {readonly number[]} tokens */
function decode(tokens) {
  return tokens.length === 0 ? '' : tokenizer().decode(tokens, EXACTLY);
}

/** @param {string} text */
function bounded(text) {
  if (text.length > MOST_CHARACTERS) {
    throw new Error(`it writes more than ${MOST_CHARACTERS} characters`);
  }
  return text;
}

function tokenizer() {
  if (loaded === undefined) throw new Error('it was not loaded');
  return loaded;
}

answerRequests(answerTo);
