/** Python's number literals: integers in four bases, floats and imaginary numbers, with underscores. */
import type { Cursor } from './cursor.ts';
import type { LiteralValue } from './value.ts';

const DIGITS = '[0-9](?:_?[0-9])*';
const EXPONENT = `[eE][+-]?${DIGITS}`;

const BASED_INTEGER = /0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+/y;
const POINT_FLOAT = new RegExp(
  `(?:${DIGITS})?\\.${DIGITS}(?:${EXPONENT})?|${DIGITS}\\.(?:${EXPONENT})?`,
  'y',
);
const EXPONENT_FLOAT = new RegExp(DIGITS + EXPONENT, 'y');
const DECIMAL = new RegExp(DIGITS, 'y');

export type NumberValue = Extract<LiteralValue, { kind: 'int' | 'float' | 'complex' }>;

/** Reads the unsigned number at the cursor; fails the parse when there is none. */
export function readNumber(cursor: Cursor): NumberValue {
  const start = cursor.position;
  const value = readUnsuffixed(cursor);
  const suffixed =
    value.based || cursor.match(/[jJ]/y) === undefined
      ? value.number
      : { kind: 'complex' as const, real: 0, imaginary: Number(value.number.value) };
  if (/[\p{ID_Continue}]/u.test(cursor.peek())) cursor.fail('This is not a number.', start);
  if (suffixed.kind === 'int' && value.leadingZero) {
    cursor.fail('A decimal integer cannot begin with 0.', start);
  }
  return suffixed;
}

interface Unsuffixed {
  readonly number: Extract<LiteralValue, { kind: 'int' | 'float' }>;
  readonly based: boolean;
  readonly leadingZero: boolean;
}

function readUnsuffixed(cursor: Cursor): Unsuffixed {
  const based = cursor.match(BASED_INTEGER);
  if (based !== undefined) {
    const number = { kind: 'int' as const, value: BigInt(withoutUnderscores(based)) };
    return { number, based: true, leadingZero: false };
  }
  const float = cursor.match(POINT_FLOAT) ?? cursor.match(EXPONENT_FLOAT);
  if (float !== undefined) {
    // Both languages round decimal text to the nearest double.
    const number = { kind: 'float' as const, value: Number(withoutUnderscores(float)) };
    return { number, based: false, leadingZero: false };
  }
  const decimal = cursor.match(DECIMAL);
  if (decimal === undefined) cursor.fail('A number is expected here.');
  const digits = withoutUnderscores(decimal);
  const number = { kind: 'int' as const, value: BigInt(digits) };
  return { number, based: false, leadingZero: /^0+[1-9]/.test(digits) };
}

function withoutUnderscores(digits: string): string {
  return digits.replaceAll('_', '');
}
