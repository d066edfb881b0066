/** Texts of single tokens, for the stories of rewards. */

/** What a decoder writes for bytes that are only the beginning of a character. */
const INCOMPLETE = '\ufffd';

/**
 * The part of the text that each token adds. Tokens are decoded together with the one before,
 * because decoders treat the start of a text in their own way; a token that ends within a character
 * adds nothing, and the one that completes it adds the whole.
 * @param {{ readonly decode: (tokens: readonly number[]) => string }} decoder
 * @param {readonly number[]} tokens
 * @returns {string[]} One for each token.
 */
export function tokenTexts(decoder, tokens) {
  let contextStart = 0;
  let told = 0;
  return tokens.map((token, index) => {
    const before = decoder.decode(tokens.slice(contextStart, told));
    const after = decoder.decode(tokens.slice(contextStart, index + 1));
    if (after.endsWith(INCOMPLETE) && index + 1 < tokens.length) return '';
    contextStart = told;
    told = index + 1;
    // A special token has no text of its own.
    return after.slice(before.length) || numberedToken(token);
  });
}

/**
 * What stands for a token whose text is not known.
 * @param {number} token
 */
export function numberedToken(token) {
  return `⟨${String(token)}⟩`;
}
