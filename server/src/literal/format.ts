/**
 * Values as Python writes them with `repr`. Results are written with one fixed order for sets and dicts,
 * arguments in the order they were given: a program can see in which order a dict or set was built.
 */
import { compareValues } from './order.ts';
import type { ArgumentList, DictEntry, LiteralValue } from './value.ts';

/** How the items of sets and the keys of dicts are arranged. */
interface Arrangement {
  items(items: readonly LiteralValue[]): readonly LiteralValue[];
  entries(entries: readonly DictEntry[]): readonly DictEntry[];
}

const IN_ORDER: Arrangement = {
  items: (items) => items.toSorted(compareValues),
  entries: (entries) => entries.toSorted(([left], [right]) => compareValues(left, right)),
};

const AS_GIVEN: Arrangement = { items: (items) => items, entries: (entries) => entries };

/** The canonical literal of `value`: what Python's `repr` gives, with set items and dict keys in order. */
export function formatLiteral(value: LiteralValue): string {
  return format(value, IN_ORDER);
}

function format(value: LiteralValue, arrangement: Arrangement): string {
  switch (value.kind) {
    case 'none':
      return 'None';
    case 'bool':
      return value.value ? 'True' : 'False';
    case 'int':
      return value.value.toString();
    case 'float':
      return formatFloat(value.value);
    case 'complex':
      return formatComplex(value.real, value.imaginary);
    case 'str':
      return formatString(value.value);
    case 'bytes':
      return formatBytes(value.value);
    case 'list':
      return `[${formatItems(value.items, arrangement)}]`;
    case 'tuple': {
      const items = formatItems(value.items, arrangement);
      return value.items.length === 1 ? `(${items},)` : `(${items})`;
    }
    case 'set':
    case 'frozenset': {
      if (value.items.length === 0) return `${value.kind}()`;
      const items = formatItems(arrangement.items(value.items), arrangement);
      return value.kind === 'set' ? `{${items}}` : `frozenset({${items}})`;
    }
    case 'dict':
      return `{${arrangement
        .entries(value.entries)
        .map(([key, item]) => `${format(key, arrangement)}: ${format(item, arrangement)}`)
        .join(', ')}}`;
  }
}

/** An argument list in one spelling, such as `[1, 2], key='x'`; sets and dicts keep their order. */
export function formatArguments(list: ArgumentList): string {
  const positional = list.positional.map((value) => format(value, AS_GIVEN));
  const named = list.named.map(({ name, value }) => `${name}=${format(value, AS_GIVEN)}`);
  return [...positional, ...named].join(', ');
}

function formatItems(items: readonly LiteralValue[], arrangement: Arrangement): string {
  return items.map((item) => format(item, arrangement)).join(', ');
}

/** Python's `repr` of a float: shortest digits, exponent form below 1e-4 and from 1e16. */
function formatFloat(value: number): string {
  const text = formatReal(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

function formatReal(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  // Without an argument, toExponential gives the shortest digits that read back as the same number.
  const [mantissa = '0', exponentText = '0'] = Math.abs(value).toExponential().split('e');
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < 16) {
    return sign + fixedNotation(mantissa.replace('.', ''), exponent);
  }
  const digits = Math.abs(exponent).toString().padStart(2, '0');
  return `${sign}${mantissa}e${exponent < 0 ? '-' : '+'}${digits}`;
}

function fixedNotation(digits: string, exponent: number): string {
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  const fraction = digits.slice(exponent + 1);
  return fraction === '' ? whole : `${whole}.${fraction}`;
}

/**
 * What Python reads back as the same number, signs of zeros included where there is such a literal: 3j is
 * 0+3j and -3j is -(0+3j), whose real part is -0; a sum with -0.0 has a real part of 0, a difference -0.
 */
function formatComplex(real: number, imaginary: number): string {
  const imaginaryText = formatReal(imaginary);
  if (Object.is(real, 0) && !(imaginary < 0)) return `${imaginaryText}j`;
  if (Object.is(real, -0)) return Object.is(imaginary, 0) ? '(-0.0-0j)' : `${imaginaryText}j`;
  const joint = imaginary < 0 ? '' : '+';
  return `(${formatReal(real)}${joint}${formatReal(imaginary === 0 ? 0 : imaginary)}j)`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** Everything Python calls unprintable, the backslash, and both quotes. */
const SPECIAL_IN_TEXT = /[\\'"\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;
const SPECIAL_IN_BYTES = /[^ -~]|[\\'"]/g;

function quoteFor(value: string): "'" | '"' {
  return value.includes("'") && !value.includes('"') ? '"' : "'";
}

function formatString(value: string): string {
  const quote = quoteFor(value);
  const escape = (character: string): string => {
    if (character === "'" || character === '"') {
      return character === quote ? `\\${character}` : character;
    }
    return ESCAPES[character] ?? numericEscape(character.codePointAt(0)!);
  };
  return quote + value.replace(SPECIAL_IN_TEXT, escape) + quote;
}

function formatBytes(value: string): string {
  const quote = quoteFor(value);
  const escape = (character: string): string => {
    if (character === "'" || character === '"') {
      return character === quote ? `\\${character}` : character;
    }
    return ESCAPES[character] ?? numericEscape(character.charCodeAt(0));
  };
  return `b${quote}${value.replace(SPECIAL_IN_BYTES, escape)}${quote}`;
}

function numericEscape(code: number): string {
  const hexadecimal = code.toString(16);
  if (code < 0x100) return `\\x${hexadecimal.padStart(2, '0')}`;
  if (code < 0x10000) return `\\u${hexadecimal.padStart(4, '0')}`;
  return `\\U${hexadecimal.padStart(8, '0')}`;
}
