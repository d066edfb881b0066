/** Values that Python's `==`, with a tolerance for floats, takes for equal. */
import { describe, expect, test } from 'vitest';

import { closeValues } from '../../server/src/literal/closeValues.ts';
import { parseLiteral } from '../../server/src/literal/parse.ts';

function close(given: string, expected: string, tolerance: number): boolean {
  const [first, second] = [parseLiteral(given), parseLiteral(expected)];
  if (!first.ok || !second.ok) throw new Error('not a literal');
  return closeValues(first.value, second.value, tolerance);
}

describe('without room for floats, equal are', () => {
  test.each([
    ['1', '1.0'],
    ['True', '1'],
    ['[1, (2.0, 0)]', '[1.0, (2, False)]'],
    ['{1: 2.0}', '{1.0: 2}'],
    ['{1, 2}', 'frozenset({2.0, 1})'],
    ['1+0j', '1'],
    ['nan', 'nan'],
    ['-0.0', '0'],
    ["'a'", "'a'"],
    ['None', 'None'],
    ['inf', 'inf'],
  ])('%s and %s', (given, expected) => {
    expect(close(given, expected, 0)).toBe(true);
    expect(close(expected, given, 0)).toBe(true);
  });
});

describe('with room for a millionth, different are', () => {
  test.each([
    ['[1]', '(1,)'],
    ['1', "'1'"],
    ["b'a'", "'a'"],
    ['0', 'None'],
    ['1.000002', '1.0'],
    ['1000000050', '1000000000'],
    ['1.0000001', '1'],
    ['[1.0, 2.0]', '[1.0]'],
    ['{1.0: 1, 2: 2}', '{1: 1, 3: 2}'],
    ['{1: 1}', '{1: 1, 2: None}'],
    ['{1, 2, 3}', '{1, 2}'],
    ['inf', '1e300'],
    ['1e308', 'inf'],
    ['-inf', 'inf'],
    ['nan', '0.0'],
    ['0.0', 'nan'],
    ['1+0.1j', '1+0j'],
  ])('%s and %s', (given, expected) => {
    expect(close(given, expected, 1e-6)).toBe(false);
  });
});

describe('with room for a millionth, equal are', () => {
  test.each([
    ['1.0000009', '1.0'],
    ['[{"a": (0.30000004,)}]', '[{"a": (0.3,)}]'],
    ['{0.1, 0.5000001}', '{0.1, 0.5}'],
    ['10000000000.00001', '10000000000.0'],
    ['3', '2.9999999'],
    ['(1.0000001+2j)', '(1+2.0000001j)'],
  ])('%s and %s', (given, expected) => {
    expect(close(given, expected, 1e-6)).toBe(true);
    expect(close(given, expected, 0)).toBe(false);
  });
});
