import { describe, expect, test } from 'vitest';

import { RandomStream } from '../../server/src/method/randomStream.ts';
import { signature, vary } from '../../server/src/grading/furtherInputs.ts';

describe('the signature of an input', () => {
  test.each([
    ['1', 'int'],
    ["'a', [1, 2]", 'str, list[int]'],
    ["[1, 'a', 2]", 'list[int | str]'],
    ['[]', 'list[]'],
    ["(1, 'a')", 'tuple[int, str]'],
    ["{'a': 1.5}", 'dict[str: float]'],
    ["2, key='x'", 'int, key=str'],
    ['True, None', 'bool, none'],
    ['{1, 2}, [[1], []]', 'set[int], list[list[] | list[int]]'],
  ])('%s is %s', (input, expected) => {
    expect(signature(input)).toBe(expected);
  });

  test('a call of something is none', () => {
    expect(signature('open(1)')).toBeUndefined();
  });
});

describe('a varied input', () => {
  const varied = (input: string, count = 200) => {
    const random = new RandomStream(1, 'vary', input);
    return Array.from({ length: count }, () => vary(input, () => random.next()));
  };

  test.each([
    ['7'],
    ['-12'],
    ["'bade'"],
    ['[3, 1, 4, 1, 5]'],
    ["(1, 'a', 2.5)"],
    ["{'a': 1, 'b': 2}"],
    ["[1, 2, 3], 4, key='x'"],
    ['{3, 5, 7}'],
    ["b'ab'"],
    ['2.25'],
    ['(1+2j)'],
    ['True'],
  ])('of %s has the same types, is mostly another one, and is many', (input) => {
    const all = varied(input);
    expect(all.every((one) => signature(one) === signature(input))).toBe(true);
    expect(all.filter((one) => one !== input).length).toBeGreaterThan(all.length / 2);
    if (input !== 'True') expect(new Set(all).size).toBeGreaterThan(5);
  });

  test('of a list is also longer and shorter, and has other items', () => {
    const lengths = varied('[3, 1, 4]').map((one) => one.split(',').length);
    expect(new Set(lengths)).toEqual(new Set([2, 3, 4]));
  });

  test('of small numbers has small numbers, with the same sign', () => {
    expect(varied('5').every((one) => Number(one) >= 0 && Number(one) < 10)).toBe(true);
    expect(varied('-25').every((one) => Number(one) <= 0 && Number(one) > -100)).toBe(true);
    expect(varied('123456789012345678901').every((one) => one.length === 21)).toBe(true);
  });

  test('of what cannot be varied is the same', () => {
    expect(varied('None', 5)).toEqual(new Array(5).fill('None'));
    expect(varied('[]', 5)).toEqual(new Array(5).fill('[]'));
    expect(varied('', 5)).toEqual(new Array(5).fill(''));
    expect(varied('nan', 5).every((one) => one === 'nan')).toBe(true);
  });

  test('follows from the numbers it is given', () => {
    expect(varied('[1, 2, 3]', 20)).toEqual(varied('[1, 2, 3]', 20));
  });
});
