/** A position in a text that is being parsed, and what Python skips between tokens. */
import type { LiteralError } from './value.ts';

/** Thrown inside the parser only; the exported functions turn it into a value. */
export class NotALiteral extends Error {
  readonly position: number;

  private constructor(message: string, position: number) {
    super(message);
    this.position = position;
  }

  /**
   * Without the stack, which is never read: to record it takes two thirds of the time of a refusal, and
   * models write a great deal that is not a literal.
   */
  static at(position: number, message: string): NotALiteral {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      return new NotALiteral(message, position);
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  }

  toError(): LiteralError {
    return { message: this.message, position: this.position };
  }
}

export class Cursor {
  readonly text: string;
  position = 0;

  /** Line ends are unified first, as Python's tokenizer does. */
  constructor(text: string) {
    this.text = text.replace(/\r\n?/g, '\n');
  }

  get atEnd(): boolean {
    return this.position >= this.text.length;
  }

  /** The current character, or an empty string at the end. */
  peek(offset = 0): string {
    return this.text.charAt(this.position + offset);
  }

  /** Consumes `token` if the text goes on with it. */
  take(token: string): boolean {
    if (!this.text.startsWith(token, this.position)) return false;
    this.position += token.length;
    return true;
  }

  /** Consumes and returns what the sticky expression `pattern` matches here. */
  match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.position;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.position += found.length;
    return found;
  }

  /** Skips blanks, escaped line ends and, inside brackets, comments and line ends. */
  skipSpace(insideBrackets: boolean): void {
    this.match(insideBrackets ? SPACE_INSIDE_BRACKETS : SPACE_ON_A_LINE);
  }

  fail(message: string, position = this.position): never {
    throw NotALiteral.at(position, message);
  }
}

const SPACE_INSIDE_BRACKETS = /(?:[ \t\f\n]+|\\\n|#[^\n]*)*/y;
const SPACE_ON_A_LINE = /(?:[ \t\f]+|\\\n)*/y;
