/** Python's string and bytes literals: every prefix but f and t, every escape but \N{...}. */
import type { Cursor } from './cursor.ts';

export interface StringToken {
  readonly bytes: boolean;
  readonly value: string;
}

const OPENING = /(?:[uU]|[bB][rR]?|[rR][bB]?)?(?='|")/y;
const FORMATTED = /(?:[fFtT][rR]?|[rR][fFtT])(?='|")/y;

/** Does a string literal, of a supported kind or not, begin at the cursor? */
export function startsString(cursor: Cursor): boolean {
  return startsWith(cursor, OPENING) || startsWith(cursor, FORMATTED);
}

function startsWith(cursor: Cursor, pattern: RegExp): boolean {
  pattern.lastIndex = cursor.position;
  return pattern.test(cursor.text);
}

/** Reads one string or bytes token; fails the parse on one that is malformed or not a plain literal. */
export function readString(cursor: Cursor): StringToken {
  const start = cursor.position;
  const prefix = cursor.match(OPENING)?.toLowerCase();
  if (prefix === undefined) return cursor.fail('Formatted strings are not literals.');
  const quote = cursor.peek();
  const delimiter = cursor.take(quote.repeat(3)) ? quote.repeat(3) : cursor.peek();
  if (delimiter.length === 1) cursor.position += 1;
  const reader = new StringReader(cursor, prefix, delimiter);
  const value = reader.read(start);
  return { bytes: reader.bytes, value };
}

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

class StringReader {
  readonly bytes: boolean;
  readonly #raw: boolean;
  readonly #cursor: Cursor;
  readonly #delimiter: string;

  constructor(cursor: Cursor, prefix: string, delimiter: string) {
    this.bytes = prefix.includes('b');
    this.#raw = prefix.includes('r');
    this.#cursor = cursor;
    this.#delimiter = delimiter;
  }

  /** `start` is where the whole token began, for messages. */
  read(start: number): string {
    const cursor = this.#cursor;
    const plain = new RegExp(`[^\\\\\\n${this.#delimiter.charAt(0)}]+`, 'y');
    const parts: string[] = [];
    while (!cursor.take(this.#delimiter)) {
      if (cursor.atEnd) cursor.fail('This string has no end.', start);
      const run = cursor.match(plain);
      if (run !== undefined) {
        this.#checkText(run, cursor.position - run.length);
        parts.push(run);
      } else if (cursor.peek() === '\\') {
        parts.push(this.#raw ? this.#rawBackslash() : this.#escape());
      } else {
        // A quote inside a triple-quoted string, or a line end.
        if (cursor.peek() === '\n' && this.#delimiter.length === 1) {
          cursor.fail('This string has no end on its line.', start);
        }
        parts.push(cursor.peek());
        cursor.position += 1;
      }
    }
    return parts.join('');
  }

  #checkText(run: string, position: number): void {
    // eslint-disable-next-line no-control-regex -- the range is exactly ASCII
    if (this.bytes && /[^\x00-\x7f]/.test(run)) {
      this.#cursor.fail('Bytes can only contain ASCII characters.', position);
    }
  }

  /** In a raw string a backslash stays, and so does the character it protects. */
  #rawBackslash(): string {
    const cursor = this.#cursor;
    const protectedCharacter = cursor.peek(1);
    const pair = '\\' + (/^[\\'"\n]$/.test(protectedCharacter) ? protectedCharacter : '');
    cursor.position += pair.length;
    return pair;
  }

  #escape(): string {
    const cursor = this.#cursor;
    const octal = cursor.match(/\\[0-7]{1,3}/y);
    if (octal !== undefined) return this.#code(parseInt(octal.slice(1), 8));
    const letter = cursor.peek(1);
    const simple = SIMPLE_ESCAPES[letter];
    if (simple !== undefined) {
      cursor.position += 2;
      return simple;
    }
    if (letter === 'x') return this.#hexadecimal(2);
    if (letter === 'u' && !this.bytes) return this.#hexadecimal(4);
    if (letter === 'U' && !this.bytes) return this.#hexadecimal(8);
    if (letter === 'N' && !this.bytes) {
      return cursor.fail(
        'Escapes by name, \\N{...}, are not read here: write the character itself, or its number as ' +
          'in \\u2022.',
      );
    }
    // An unknown escape stands for itself, backslash included.
    cursor.position += 1;
    return '\\';
  }

  #hexadecimal(length: number): string {
    const cursor = this.#cursor;
    const start = cursor.position;
    const digits = cursor.text.slice(start + 2, start + 2 + length);
    if (digits.length !== length || !/^[0-9a-fA-F]+$/.test(digits)) {
      cursor.fail(`This escape needs ${length} hexadecimal digits.`);
    }
    cursor.position += 2 + length;
    return this.#code(parseInt(digits, 16), start);
  }

  #code(code: number, position = this.#cursor.position): string {
    if (this.bytes) return String.fromCharCode(code & 0xff);
    if (code > 0x10ffff) this.#cursor.fail('There is no such Unicode character.', position);
    if (code >= 0xd800 && code <= 0xdfff) {
      this.#cursor.fail('Half of a surrogate pair is not a character.', position);
    }
    return String.fromCodePoint(code);
  }
}
