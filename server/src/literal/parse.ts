/**
 * Reads Python literals. What is accepted is what `ast.literal_eval` accepts, and besides: `nan`,
 * `inf`, `float('nan')` and the like, `set(...)` and `frozenset(...)` of one display. There is one nan,
 * however it is spelled, so that a set has it once. What is refused beyond that: `...`, \N{...}, lone
 * surrogates, and anything too long or nested too deeply.
 *
 * Recursion is bounded by the depth limit, time by the text's length.
 */
import { hashKey } from './canonicalKey.ts';
import { Cursor, NotALiteral } from './cursor.ts';
import { type NumberValue, readNumber } from './numberToken.ts';
import { readString, startsString } from './stringToken.ts';
import {
  type ArgumentList,
  DEFAULT_LITERAL_LIMITS,
  type DictEntry,
  type LiteralLimits,
  type LiteralValue,
  type ParseResult,
} from './value.ts';

/** Reads `text` as one literal, a bare tuple such as `1, 2` included. */
export function parseLiteral(
  text: string,
  limits: LiteralLimits = DEFAULT_LITERAL_LIMITS,
): ParseResult<LiteralValue> {
  return attempt(text, limits, (parser) => parser.wholeLiteral());
}

/**
 * Reads `text` as what stands between the parentheses of a call: `(1, 2)` is one tuple, `1, 2` are two
 * arguments, an empty text is none.
 */
export function parseArguments(
  text: string,
  limits: LiteralLimits = DEFAULT_LITERAL_LIMITS,
): ParseResult<ArgumentList> {
  return attempt(text, limits, (parser) => parser.wholeArguments());
}

function attempt<Value>(
  text: string,
  limits: LiteralLimits,
  read: (parser: LiteralParser) => Value,
): ParseResult<Value> {
  try {
    if (text.length > limits.characters) {
      throw NotALiteral.at(0, `The text is longer than ${limits.characters} characters.`);
    }
    if (/\p{Surrogate}|\0/u.test(text)) {
      throw NotALiteral.at(0, 'The text contains a character that no program can contain.');
    }
    return { ok: true, value: read(new LiteralParser(new Cursor(text), limits.depth)) };
  } catch (error) {
    if (error instanceof NotALiteral) return { ok: false, error: error.toError() };
    throw error;
  }
}

const IDENTIFIER = /[\p{ID_Start}_]\p{ID_Continue}*/uy;
const NON_FINITE = /^\s*([+-]?)(?:(nan)|inf|infinity)\s*$/i;

/** Words that Python does not accept as the name of an argument. */
const KEYWORDS = new Set(
  (
    'False None True and as assert async await break class continue def del elif else except ' +
    'finally for from global if import in is lambda nonlocal not or pass raise return try while ' +
    'with yield'
  ).split(' '),
);

class LiteralParser {
  readonly #cursor: Cursor;
  readonly #maximumDepth: number;
  #depth = 0;
  /** The text stands between the parentheses of a call, where line ends are blanks. */
  #insideCall = false;
  /** Signed numbers and sums: in parentheses they are values, but Python refuses them as operands. */
  readonly #compounds = new WeakSet<LiteralValue>();

  constructor(cursor: Cursor, maximumDepth: number) {
    this.#cursor = cursor;
    this.#maximumDepth = maximumDepth;
  }

  wholeLiteral(): LiteralValue {
    const cursor = this.#cursor;
    cursor.skipSpace(true);
    const first = this.#value();
    cursor.skipSpace(false);
    const value = cursor.peek() === ',' ? this.#bareTuple(first) : first;
    cursor.skipSpace(true);
    if (!cursor.atEnd) cursor.fail('Something follows the literal.');
    return value;
  }

  #skipSpace(): void {
    this.#cursor.skipSpace(this.#insideCall || this.#depth > 0);
  }

  #bareTuple(first: LiteralValue): LiteralValue {
    const cursor = this.#cursor;
    const items = [first];
    while (cursor.take(',')) {
      cursor.skipSpace(false);
      if (cursor.atEnd || cursor.peek() === '\n' || cursor.peek() === '#') break;
      items.push(this.#value());
      cursor.skipSpace(false);
    }
    return { kind: 'tuple', items };
  }

  wholeArguments(): ArgumentList {
    const cursor = this.#cursor;
    const positional: LiteralValue[] = [];
    const named: { name: string; value: LiteralValue }[] = [];
    this.#insideCall = true;
    do {
      cursor.skipSpace(true);
      if (cursor.atEnd) break;
      const start = cursor.position;
      const name = this.#argumentName();
      if (name === undefined) {
        if (named.length > 0) cursor.fail('A positional argument follows a named one.', start);
        positional.push(this.#value());
      } else {
        if (named.some((earlier) => earlier.name === name)) {
          cursor.fail(`The argument ${name} is given twice.`, start);
        }
        named.push({ name, value: this.#value() });
      }
      cursor.skipSpace(true);
    } while (cursor.take(','));
    if (!cursor.atEnd) cursor.fail('Something follows the arguments.');
    return { positional, named };
  }

  /** Consumes `name =` if that comes next. */
  #argumentName(): string | undefined {
    const cursor = this.#cursor;
    const start = cursor.position;
    const name = cursor.match(IDENTIFIER)?.normalize('NFKC');
    if (name === undefined) return undefined;
    cursor.skipSpace(true);
    if (cursor.peek() !== '=' || cursor.peek(1) === '=') {
      cursor.position = start;
      return undefined;
    }
    if (KEYWORDS.has(name)) cursor.fail(`${name} cannot be the name of an argument.`, start);
    cursor.take('=');
    cursor.skipSpace(true);
    return name;
  }

  /** One value, or a sum such as `1+2j`. The cursor is at its first character. */
  #value(): LiteralValue {
    const cursor = this.#cursor;
    const signPosition = cursor.position;
    const sign = cursor.match(/[+-]/y);
    if (sign !== undefined) this.#skipSpace();
    const atom = this.#atom();
    const left = sign === undefined ? atom : this.#signed(sign, atom, signPosition);
    this.#skipSpace();
    const operatorPosition = cursor.position;
    const operator = cursor.match(/[+-]/y);
    if (operator === undefined) return left;
    this.#skipSpace();
    return this.#sum(left, operator, this.#atom(), operatorPosition);
  }

  #signed(sign: string, value: LiteralValue, position: number): NumberValue {
    if (!isNumber(value) || this.#compounds.has(value)) {
      return this.#cursor.fail('A sign must stand before a number.', position);
    }
    const signed = sign === '+' ? { ...value } : negative(value);
    this.#compounds.add(signed);
    return signed;
  }

  /** Only a real number and an imaginary one add up to a literal. */
  #sum(left: LiteralValue, operator: string, right: LiteralValue, position: number): LiteralValue {
    const real = left.kind === 'int' || left.kind === 'float' ? Number(left.value) : undefined;
    if (real === undefined || right.kind !== 'complex' || this.#compounds.has(right)) {
      return this.#cursor.fail('An expression is not a literal.', position);
    }
    if (left.kind === 'int' && !Number.isFinite(real)) {
      return this.#cursor.fail('This integer is too large for a complex number.', position);
    }
    // As Python adds 1 and 2j: each is a complex number with a zero, whose sign is 0's and not -0's.
    const isSum = operator === '+';
    const value = {
      kind: 'complex' as const,
      real: isSum ? real + right.real : real - right.real,
      imaginary: isSum ? 0 + right.imaginary : 0 - right.imaginary,
    };
    this.#compounds.add(value);
    return value;
  }

  #atom(): LiteralValue {
    const cursor = this.#cursor;
    if (startsString(cursor)) return this.#strings();
    const character = cursor.peek();
    if (/[0-9.]/.test(character)) return readNumber(cursor);
    if (character === '(') return this.#inBrackets(')', () => this.#parenthesised());
    if (character === '[') {
      return this.#inBrackets(']', () => ({ kind: 'list', items: this.#items(']') }));
    }
    if (character === '{') return this.#inBrackets('}', () => this.#braced());
    const start = cursor.position;
    const name = cursor.match(IDENTIFIER);
    if (name !== undefined) return this.#name(name, start);
    return cursor.fail(character === '' ? 'A value is missing.' : 'This is not a literal.');
  }

  #inBrackets(closing: string, read: () => LiteralValue): LiteralValue {
    const cursor = this.#cursor;
    const start = cursor.position;
    if (this.#depth >= this.#maximumDepth) {
      cursor.fail(`Brackets are nested more than ${this.#maximumDepth} deep.`);
    }
    this.#depth += 1;
    cursor.position += 1;
    cursor.skipSpace(true);
    const value = read();
    if (!cursor.take(closing)) {
      cursor.fail(
        cursor.atEnd ? 'This bracket is never closed.' : `${closing} is expected here.`,
        cursor.atEnd ? start : cursor.position,
      );
    }
    this.#depth -= 1;
    return value;
  }

  #parenthesised(): LiteralValue {
    const cursor = this.#cursor;
    if (cursor.peek() === ')') return { kind: 'tuple', items: [] };
    const first = this.#value();
    cursor.skipSpace(true);
    if (!cursor.take(',')) return first;
    cursor.skipSpace(true);
    return { kind: 'tuple', items: [first, ...this.#items(')')] };
  }

  /** Values separated by commas up to, and not including, `closing`. */
  #items(closing: string): LiteralValue[] {
    const cursor = this.#cursor;
    const items: LiteralValue[] = [];
    while (cursor.peek() !== closing) {
      items.push(this.#value());
      cursor.skipSpace(true);
      if (!cursor.take(',')) break;
      cursor.skipSpace(true);
    }
    return items;
  }

  #braced(): LiteralValue {
    const cursor = this.#cursor;
    if (cursor.peek() === '}') return { kind: 'dict', entries: [] };
    const start = cursor.position;
    const first = this.#value();
    cursor.skipSpace(true);
    if (cursor.peek() === ':') return this.#dict(first);
    const items = [first];
    if (cursor.take(',')) {
      cursor.skipSpace(true);
      items.push(...this.#items('}'));
    }
    return { kind: 'set', items: this.#distinct(items, start) };
  }

  #dict(firstKey: LiteralValue): LiteralValue {
    const cursor = this.#cursor;
    const entries = new Map<string, DictEntry>();
    let key = firstKey;
    while (true) {
      const position = cursor.position;
      if (!cursor.take(':')) cursor.fail('A colon is expected after the key.');
      cursor.skipSpace(true);
      const value = this.#value();
      const identity = this.#hashKey(key, position);
      // Like Python: a repeated key keeps its first form and takes the last value.
      entries.set(identity, [entries.get(identity)?.[0] ?? key, value]);
      cursor.skipSpace(true);
      if (!cursor.take(',')) break;
      cursor.skipSpace(true);
      if (cursor.peek() === '}') break;
      key = this.#value();
      cursor.skipSpace(true);
    }
    return { kind: 'dict', entries: [...entries.values()] };
  }

  #distinct(items: readonly LiteralValue[], position: number): LiteralValue[] {
    const distinct = new Map<string, LiteralValue>();
    for (const item of items) {
      const identity = this.#hashKey(item, position);
      if (!distinct.has(identity)) distinct.set(identity, item);
    }
    return [...distinct.values()];
  }

  #hashKey(value: LiteralValue, position: number): string {
    const key = hashKey(value);
    if (key !== undefined) return key;
    return this.#cursor.fail('A list, set or dict cannot be in a set or be a key.', position);
  }

  /** Adjacent string tokens are one string; bytes and text do not mix. */
  #strings(): LiteralValue {
    const cursor = this.#cursor;
    const start = cursor.position;
    const parts: string[] = [];
    let bytes: boolean | undefined;
    let end: number;
    do {
      const token = readString(cursor);
      if (bytes !== undefined && bytes !== token.bytes) {
        cursor.fail('Bytes and text cannot be joined.', start);
      }
      bytes = token.bytes;
      parts.push(token.value);
      end = cursor.position;
      this.#skipSpace();
    } while (startsString(cursor));
    cursor.position = end;
    return { kind: bytes ? 'bytes' : 'str', value: parts.join('') };
  }

  #name(name: string, start: number): LiteralValue {
    switch (name) {
      case 'None':
        return { kind: 'none' };
      case 'True':
      case 'False':
        return { kind: 'bool', value: name === 'True' };
      case 'nan':
      case 'inf':
        return { kind: 'float', value: name === 'nan' ? NaN : Infinity };
      // Python writes the imaginary parts of (1+infj) and (1+nanj) so.
      case 'nanj':
      case 'infj':
        return { kind: 'complex', real: 0, imaginary: name === 'nanj' ? NaN : Infinity };
      case 'set':
      case 'frozenset':
        return this.#setCall(name, start);
      case 'float':
        return this.#floatCall(start);
      default:
        return this.#cursor.fail(`${name} is a name, not a literal.`, start);
    }
  }

  /** The single argument of a call, or undefined for an empty pair of parentheses. */
  #callArgument(name: string, start: number): LiteralValue | undefined {
    const cursor = this.#cursor;
    this.#skipSpace();
    if (cursor.peek() !== '(') cursor.fail(`${name} is a name, not a literal.`, start);
    let argument: LiteralValue | undefined;
    this.#inBrackets(')', () => {
      if (cursor.peek() !== ')') {
        argument = this.#value();
        cursor.skipSpace(true);
        if (cursor.take(',')) cursor.skipSpace(true);
      }
      return { kind: 'none' };
    });
    return argument;
  }

  #setCall(kind: 'set' | 'frozenset', start: number): LiteralValue {
    const argument = this.#callArgument(kind, start);
    if (argument === undefined) return { kind, items: [] };
    if ('items' in argument) return { kind, items: this.#distinct(argument.items, start) };
    return this.#cursor.fail(`${kind}(...) takes a list, tuple or set here.`, start);
  }

  #floatCall(start: number): LiteralValue {
    const argument = this.#callArgument('float', start);
    const spelled = argument?.kind === 'str' ? NON_FINITE.exec(argument.value) : null;
    if (spelled === null) {
      return this.#cursor.fail('float(...) is a literal only for nan and inf.', start);
    }
    const magnitude = spelled[2] === undefined ? Infinity : NaN;
    return { kind: 'float', value: spelled[1] === '-' ? -magnitude : magnitude };
  }
}

function negative(value: NumberValue): NumberValue {
  if (value.kind === 'int') return { kind: 'int', value: -value.value };
  if (value.kind === 'float') return { kind: 'float', value: -value.value };
  return { kind: 'complex', real: -value.real, imaginary: -value.imaginary };
}

function isNumber(value: LiteralValue): value is NumberValue {
  return value.kind === 'int' || value.kind === 'float' || value.kind === 'complex';
}
