import { describe, expect, test } from 'vitest';

import { deriveSeed, RandomStream } from '../../server/src/method/randomStream.ts';

/** Pearson's statistic of counts that should all be equal. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

function draws(stream: RandomStream, count: number): number[] {
  return Array.from({ length: count }, () => stream.next());
}

/** Upper 0.01 % points of the chi-square distribution, by degrees of freedom. */
const CRITICAL = { 11: 37.37, 63: 113.5, 99: 160.1 };

describe('RandomStream', () => {
  test('draws 48-bit numbers from SHA-256 of its name and a block counter', () => {
    // From Python: int.from_bytes(sha256(b'[7,"references",3,"deduction"]:0').digest()[i:i+6],
    // 'big') / 2**48 for i = 0, 6, 12, 18, 24, then the start of block 1.
    expect(draws(new RandomStream(7, 'references', 3, 'deduction'), 6)).toEqual([
      0.776806770888399, 0.1933910289898897, 0.9206301602012594, 0.06798314316341347,
      0.5191703893373223, 0.8000191630740261,
    ]);
  });

  test('the same name gives the same numbers, any other name others', () => {
    const first = draws(new RandomStream(1, 'references', 2, 'deduction'), 20);
    expect(draws(new RandomStream(1, 'references', 2, 'deduction'), 20)).toEqual(first);
    for (const other of [
      new RandomStream(2, 'references', 2, 'deduction'),
      new RandomStream(1, 'replay', 2, 'deduction'),
      new RandomStream(1, 'references', 3, 'deduction'),
      new RandomStream(1, 'references', '2', 'deduction'),
      new RandomStream(1, 'references', 2),
      new RandomStream(1, 'references,2', 'deduction'),
    ]) {
      expect(draws(other, 20)).not.toEqual(first);
    }
  });

  test('is uniform over [0, 1)', () => {
    const counts = Array.from({ length: 64 }, () => 0);
    for (const value of draws(new RandomStream(3, 'uniform'), 64_000)) {
      expect(value >= 0 && value < 1).toBe(true);
      counts[Math.floor(value * 64)]! += 1;
    }
    expect(chiSquare(counts)).toBeLessThan(CRITICAL[63]);
  });

  test('streams of neighbouring labels are independent', () => {
    const pairs = Array.from({ length: 100 }, () => 0);
    for (let step = 0; step < 10_000; step += 1) {
      const here = new RandomStream(1, 'replay', step).integer(10);
      const next = new RandomStream(1, 'replay', step + 1).integer(10);
      pairs[here * 10 + next]! += 1;
    }
    expect(chiSquare(pairs)).toBeLessThan(CRITICAL[99]);
  });

  test('integers are uniform for a count that is no power of two', () => {
    const stream = new RandomStream(4, 'integers');
    const counts = Array.from({ length: 12 }, () => 0);
    for (let draw = 0; draw < 12_000; draw += 1) {
      counts[stream.integer(12)]! += 1;
    }
    expect(chiSquare(counts)).toBeLessThan(CRITICAL[11]);
  });

  test('pick takes every item alike, and nothing from nothing', () => {
    const stream = new RandomStream(5, 'pick');
    const counts = new Map<string, number>();
    for (let draw = 0; draw < 3000; draw += 1) {
      const item = stream.pick(['a', 'b', 'c'])!;
      counts.set(item, (counts.get(item) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual(['a', 'b', 'c']);
    expect(Math.min(...counts.values())).toBeGreaterThan(880);
    const nothing: string[] = [];
    expect(stream.pick(nothing)).toBeUndefined();
  });

  test('samples without replacement, every ordered choice alike, and leaves the list alone', () => {
    const items = ['a', 'b', 'c', 'd'];
    const counts = new Map<string, number>();
    const stream = new RandomStream(6, 'sample');
    for (let draw = 0; draw < 12_000; draw += 1) {
      const [first, second, ...rest] = stream.sample(items, 2);
      expect(rest).toEqual([]);
      expect(first).not.toBe(second);
      const choice = `${String(first)}${String(second)}`;
      counts.set(choice, (counts.get(choice) ?? 0) + 1);
    }
    // Four items give 4 · 3 = 12 ordered pairs.
    expect(counts.size).toBe(12);
    expect(chiSquare([...counts.values()])).toBeLessThan(CRITICAL[11]);
    expect(items).toEqual(['a', 'b', 'c', 'd']);
  });

  test('a sample is at most the whole list', () => {
    const stream = new RandomStream(7, 'all');
    expect(stream.sample([1, 2, 3], 10).sort()).toEqual([1, 2, 3]);
    expect(stream.sample([1, 2, 3], 0)).toEqual([]);
    expect(stream.sample([], 2)).toEqual([]);
  });

  test('seeds for an engine have 31 bits and differ by label', () => {
    const seeds = Array.from({ length: 1000 }, (_, step) => deriveSeed(1, 'sample', step));
    expect(seeds.every((seed) => Number.isInteger(seed) && seed >= 0 && seed < 2 ** 31)).toBe(true);
    expect(new Set(seeds).size).toBe(1000);
    expect(deriveSeed(1, 'sample', 5)).toBe(seeds[5]);
  });
});
