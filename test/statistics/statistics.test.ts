import { describe, expect, test } from 'vitest';

import { bootstrapInterval } from '../../server/src/statistics/bootstrap.ts';
import { cellMean, cellsOf } from '../../server/src/statistics/cells.ts';
import { holm } from '../../server/src/statistics/holm.ts';
import { mcNemarP } from '../../server/src/statistics/mcnemar.ts';
import { passAtK } from '../../server/src/statistics/passAtK.ts';
import { probeMetrics } from '../../server/src/statistics/probeMetrics.ts';

describe('pass@k', () => {
  /** The share of all subsets of k answers that hold a right one. */
  function byCounting(samples: number, correct: number, k: number): number {
    let [subsets, passing] = [0, 0];
    for (let mask = 0; mask < 2 ** samples; mask += 1) {
      const members = Array.from({ length: samples }, (_, bit) => (mask >> bit) & 1);
      if (members.filter(Boolean).length !== k) continue;
      subsets += 1;
      // The first answers are the right ones.
      if (members.slice(0, correct).some(Boolean)) passing += 1;
    }
    return passing / subsets;
  }

  test('is the share of subsets with a right answer, for all small numbers', () => {
    for (let samples = 1; samples <= 8; samples += 1) {
      for (let correct = 0; correct <= samples; correct += 1) {
        for (let k = 1; k <= samples; k += 1) {
          expect(passAtK(samples, correct, k)).toBeCloseTo(byCounting(samples, correct, k), 12);
        }
      }
    }
  });

  test.each([
    // 1 − C(7, 2) / C(10, 2) = 1 − 21 / 45.
    [10, 3, 2, 1 - 21 / 45],
    [4, 1, 1, 0.25],
    [4, 1, 4, 1],
    [200, 0, 100, 0],
    // 1 − C(198, 100) / C(200, 100) = 1 − (100 · 99) / (200 · 199).
    [200, 2, 100, 1 - (100 * 99) / (200 * 199)],
  ])('of %i answers, %i right, at %i', (samples, correct, k, expected) => {
    expect(passAtK(samples, correct, k)).toBeCloseTo(expected, 12);
  });
});

// Exact fractions, worked out with Python's integers.
test.each([
  [0, 0, 1],
  [1, 0, 1],
  [5, 5, 1],
  [7, 0, 2 / 2 ** 7],
  [10, 2, (2 * (1 + 12 + 66)) / 2 ** 12],
  [2, 10, (2 * (1 + 12 + 66)) / 2 ** 12],
  [60, 20, 8.580559867049611e-6],
  [700, 600, 0.0060157938610449525],
])("McNemar's p of %i gained and %i lost", (gained, lost, expected) => {
  expect(mcNemarP(gained, lost)).toBeCloseTo(expected, 10);
  expect(mcNemarP(gained, lost) / expected).toBeCloseTo(1, 8);
});

test('Holm: the smallest p counts for all hypotheses, the next for one less', () => {
  // 0.01 · 4, 0.02 · 3, then 0.03 · 2 and 0.04 · 1, neither of which may be below the one before.
  const adjusted = holm([0.04, 0.01, 0.03, 0.02]);
  [0.06, 0.04, 0.06, 0.06].forEach((value, index) => {
    expect(adjusted[index]).toBeCloseTo(value, 12);
  });
  expect(holm([0.6, 0.9])).toEqual([1, 1]);
  expect(holm([])).toEqual([]);
});

describe('an interval by bootstrap', () => {
  const coin = (ones: number, count: number) =>
    Array.from({ length: count }, (_, index) => Number(index < ones));

  test('is that of the normal approximation where there are many tasks', () => {
    // Standard error √(0.3 · 0.7 / 1000) = 0.01449; 1.96 of them to either side.
    const { low, high } = bootstrapInterval([coin(300, 1000)], 0.95);
    expect(low).toBeCloseTo(0.3 - 1.96 * 0.01449, 2);
    expect(high).toBeCloseTo(0.3 + 1.96 * 0.01449, 2);
    const wider = bootstrapInterval([coin(300, 1000)], 0.99);
    expect(wider.low).toBeLessThan(low);
    expect(wider.high).toBeGreaterThan(high);
  });

  test('draws within cells, and weighs each alike', () => {
    // The first cell has no variance, so half of the second one's is left.
    const { low, high } = bootstrapInterval([coin(50, 50), coin(100, 400)], 0.95);
    const error = Math.sqrt((0.25 * 0.75) / 400) / 2;
    expect(low).toBeCloseTo(0.625 - 1.96 * error, 2);
    expect(high).toBeCloseTo(0.625 + 1.96 * error, 2);
  });

  test('is the same each time', () => {
    const cells = [coin(3, 10), coin(5, 7)];
    expect(bootstrapInterval(cells, 0.95)).toEqual(bootstrapInterval(cells, 0.95));
  });
});

describe('what one look gives', () => {
  const taught = { mode: 'deduction', stratum: 'taught 1' } as const;
  const untaught = { mode: 'deduction', stratum: 'untaught 1' } as const;
  const other = { mode: 'abduction', stratum: 'taught 1' } as const;
  const outcome = (kind: typeof taught | typeof untaught | typeof other, correct: number) => ({
    ...kind,
    greedy: correct > 1,
    sampled: { correct, samples: 4 },
  });
  const outcomes = [
    ...[outcome(taught, 4), outcome(taught, 2), outcome(taught, 0)],
    ...[outcome(untaught, 1), outcome(other, 3)],
  ];

  test('every mode and stratum counts alike, however many tasks it has', () => {
    expect(cellsOf(outcomes).map((cell) => cell.length)).toEqual([3, 1, 1]);
    expect(cellMean([[1, 1, 0], [0], [1]])).toBeCloseTo((2 / 3 + 0 + 1) / 3, 12);
    const metrics = probeMetrics(outcomes);
    const expected: Record<string, number> = {
      'probe.greedy.mean': (2 / 3 + 0 + 1) / 3,
      'probe.greedy.deduction': (2 / 3 + 0) / 2,
      'probe.greedy.abduction': 1,
      'probe.greedy.stratum.taught 1': (2 / 3 + 1) / 2,
      'probe.greedy.stratum.untaught 1': 0,
      'probe.pass1.mean': (6 / 12 + 1 / 4 + 3 / 4) / 3,
      'probe.passK.mean': (2 / 3 + 1 + 1) / 3,
    };
    for (const [name, value] of Object.entries(expected)) {
      expect(metrics.get(name), name).toBeCloseTo(value, 12);
    }
    expect(metrics.has('probe.greedy.induction')).toBe(false);
  });

  test('without sampled answers, and without strata, there is no more than the rest', () => {
    const plain = outcomes.map(({ mode, greedy }) => ({ mode, greedy }));
    expect([...probeMetrics(plain).keys()].sort()).toEqual([
      ...['abduction', 'deduction', 'high', 'low', 'mean'].map((name) => `probe.greedy.${name}`),
    ]);
  });
});
