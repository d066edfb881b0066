/** JSON that stands in a database, which may be somebody else's. */

/** Nothing that we write nests deeper than the terms of a reward. */
const DEEPEST = 32;
const LONGEST_CHARACTERS = 16 * 2 ** 20;

/**
 * The value of `json`. Throws a SyntaxError where it is not JSON, or where it is longer or nested deeper than
 * ours: nine megabytes of opening brackets take a gigabyte to parse.
 */
export function foreignJson(json: unknown): unknown {
  // A damaged row may have nothing where the table demands something.
  if (typeof json !== 'string') throw new SyntaxError('a text of JSON is missing');
  if (json.length > LONGEST_CHARACTERS) throw new SyntaxError('a text of JSON is too long');
  if (isDeep(json)) throw new SyntaxError('a text of JSON is nested too deeply');
  return JSON.parse(json);
}

const [QUOTE, BACKSLASH] = ['"'.charCodeAt(0), '\\'.charCodeAt(0)];
const OPENING = new Set(['[', '{'].map((bracket) => bracket.charCodeAt(0)));
const CLOSING = new Set([']', '}'].map((bracket) => bracket.charCodeAt(0)));

function isDeep(json: string): boolean {
  let depth = 0;
  let isText = false;
  for (let index = 0; index < json.length; index += 1) {
    const code = json.charCodeAt(index);
    if (code === QUOTE) isText = !isText;
    else if (isText) index += Number(code === BACKSLASH);
    else if (OPENING.has(code)) depth += 1;
    else if (CLOSING.has(code)) depth -= 1;
    if (depth > DEEPEST) return true;
  }
  return false;
}
