/**
 * Equality of values as Python's `==` has it, except that floats need only be close: how benchmarks
 * compare what a function returned. Lists and tuples differ, as they do in Python.
 */
import { hashKey } from './canonicalKey.ts';
import { compareValues } from './order.ts';
import type { DictEntry, LiteralValue } from './value.ts';

/** What numpy's `allclose`, and with it EvalPlus, adds to the tolerance, times the expected size. */
const RELATIVE = 1e-7;

/**
 * Does `given` equal `expected`? Numbers are compared by value, so that 1, 1.0 and True are equal. Where
 * an expected number is a float and `tolerance` is above 0, |given - expected| may be up to
 * tolerance + 1e-7 |expected|. NaN equals NaN.
 * @param tolerance absolute, 0 or more
 */
export function closeValues(
  given: LiteralValue,
  expected: LiteralValue,
  tolerance: number,
): boolean {
  switch (expected.kind) {
    case 'bool':
    case 'int':
    case 'float':
    case 'complex':
      return closeNumbers(given, expected, tolerance);
    case 'list':
    case 'tuple':
      return given.kind === expected.kind && closeItems(given.items, expected.items, tolerance);
    case 'set':
    case 'frozenset':
      return (
        (given.kind === 'set' || given.kind === 'frozenset') &&
        closeItems(inOrder(given.items), inOrder(expected.items), tolerance)
      );
    case 'dict':
      return given.kind === 'dict' && closeEntries(given.entries, expected.entries, tolerance);
    case 'none':
      return given.kind === 'none';
    case 'str':
    case 'bytes':
      return given.kind === expected.kind && given.value === expected.value;
  }
}

type NumericValue = Extract<LiteralValue, { kind: 'bool' | 'int' | 'float' | 'complex' }>;

function closeNumbers(given: LiteralValue, expected: NumericValue, tolerance: number): boolean {
  if (hashKey(given) === hashKey(expected)) return true;
  if (tolerance === 0 || (expected.kind !== 'float' && expected.kind !== 'complex')) return false;
  if (!isNumeric(given)) return false;
  const [[real, imaginary], [otherReal, otherImaginary]] = [partsOf(given), partsOf(expected)];
  return (
    closeFloats(real, otherReal, tolerance) && closeFloats(imaginary, otherImaginary, tolerance)
  );
}

function isNumeric(value: LiteralValue): value is NumericValue {
  return ['bool', 'int', 'float', 'complex'].includes(value.kind);
}

function partsOf(value: NumericValue): readonly [real: number, imaginary: number] {
  return value.kind === 'complex' ? [value.real, value.imaginary] : [Number(value.value), 0];
}

function closeFloats(given: number, expected: number, tolerance: number): boolean {
  if (Object.is(given, expected)) return true;
  // No tolerance makes a number infinite.
  if (!Number.isFinite(expected)) return given === expected;
  return Math.abs(given - expected) <= tolerance + RELATIVE * Math.abs(expected);
}

function closeItems(
  given: readonly LiteralValue[],
  expected: readonly LiteralValue[],
  tolerance: number,
): boolean {
  return (
    given.length === expected.length &&
    expected.every((item, index) => closeValues(given[index]!, item, tolerance))
  );
}

/** Members of two sets whose numbers are close meet in the same place. */
function inOrder(items: readonly LiteralValue[]): readonly LiteralValue[] {
  return items.toSorted(compareValues);
}

/** Keys are equal or not: what is looked up has to be there. */
function closeEntries(
  given: readonly DictEntry[],
  expected: readonly DictEntry[],
  tolerance: number,
): boolean {
  if (given.length !== expected.length) return false;
  const values = new Map(given.map(([key, value]) => [hashKey(key), value]));
  return expected.every(([key, value]) => {
    const other = values.get(hashKey(key));
    return other !== undefined && closeValues(other, value, tolerance);
  });
}
