/**
 * Equality of values, decided on text. Two values are equal exactly when their canonical keys are:
 * typed (1, 1.0 and True differ), NaN equals NaN, -0.0 equals 0.0, sets and dicts have no order.
 */
import type { DictEntry, LiteralValue } from './value.ts';

/** A text that is the same for equal values and different for others. */
export function canonicalKey(value: LiteralValue): string {
  switch (value.kind) {
    case 'none':
      return 'N';
    case 'bool':
      return value.value ? 'T' : 'F';
    case 'int':
      return `i${value.value}`;
    case 'float':
      return `f${numberKey(value.value)}`;
    case 'complex':
      return `c${numberKey(value.real)},${numberKey(value.imaginary)}`;
    case 'str':
      return `s${value.value.length}:${value.value}`;
    case 'bytes':
      return `b${value.value.length}:${value.value}`;
    case 'list':
      return `[${value.items.map(canonicalKey).join(';')}]`;
    case 'tuple':
      return `(${value.items.map(canonicalKey).join(';')})`;
    case 'set':
      return `{${value.items.map(canonicalKey).sort().join(';')}}`;
    case 'frozenset':
      return `<${value.items.map(canonicalKey).sort().join(';')}>`;
    case 'dict':
      return `d{${value.entries.map(entryKey).sort().join(';')}}`;
  }
}

function entryKey([key, value]: DictEntry): string {
  return `${canonicalKey(key)}=${canonicalKey(value)}`;
}

/**
 * Equality as Python's sets and dicts see it: 1, 1.0, True and 1+0j are one key. Undefined for a
 * value that Python cannot hash.
 */
export function hashKey(value: LiteralValue): string | undefined {
  switch (value.kind) {
    case 'bool':
      return `n${value.value ? 1 : 0}`;
    case 'int':
      return `n${value.value}`;
    case 'float':
      return `n${realKey(value.value)}`;
    case 'complex':
      return value.imaginary === 0
        ? `n${realKey(value.real)}`
        : `c${realKey(value.real)},${realKey(value.imaginary)}`;
    case 'tuple':
      return compositeKey('(', value.items, false);
    case 'frozenset':
      return compositeKey('<', value.items, true);
    case 'list':
    case 'set':
    case 'dict':
      return undefined;
    default:
      return canonicalKey(value);
  }
}

function compositeKey(
  opening: string,
  items: readonly LiteralValue[],
  unordered: boolean,
): string | undefined {
  const keys: string[] = [];
  for (const item of items) {
    const key = hashKey(item);
    if (key === undefined) return undefined;
    keys.push(key);
  }
  if (unordered) keys.sort();
  return `${opening}${keys.join(';')})`;
}

/** Integral floats share their key with the integer they equal. */
function realKey(value: number): string {
  return Number.isInteger(value) ? BigInt(value).toString() : String(value);
}

function numberKey(value: number): string {
  return value === 0 ? '0' : String(value);
}
