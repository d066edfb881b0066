import { describe, expect, test } from 'vitest';

import { advantagesOf, baselineOf } from '../../server/src/azr/advantages.ts';

const TASK_ROLE = { baseline: 'task-role', normalise: true } as const;
const GROUP = { baseline: 'group', normalise: true } as const;

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, index) => {
    expect(value).toBeCloseTo(expected[index]!, 12);
  });
}

describe('baseline of a task-role batch', () => {
  test('mean and population standard deviation', () => {
    // (1 + 1 − 0.5 − 0.5) / 4 = 0.25; every deviation is ±0.75, so the population variance is
    // 4 · 0.5625 / 4 = 0.5625 and σ = 0.75 (the sample deviation would be 0.866).
    expect(baselineOf([1, 1, -0.5, -0.5])).toEqual({
      mean: 0.25,
      standardDeviation: 0.75,
      count: 4,
    });
  });

  test('of nothing is zero', () => {
    expect(baselineOf([])).toEqual({ mean: 0, standardDeviation: 0, count: 0 });
  });
});

describe('TRR++, paper eq. 8: A = (r − μ) / σ', () => {
  test('two right and two wrong answers', () => {
    const { advantages, baseline } = advantagesOf([1, 1, -0.5, -0.5], [1, 2, 3, 4], TASK_ROLE);
    expectClose(advantages, [1, 1, -1, -1]);
    expect(baseline.count).toBe(4);
  });

  test('a proposer batch', () => {
    // μ = (0.875 − 1 − 1 + 0.125) / 4 = −0.25, deviations 1.125, −0.75, −0.75, 0.375, squares
    // 1.265625 + 0.5625 + 0.5625 + 0.140625 = 2.53125, σ² = 0.6328125 = 0.75² · 1.125, and so
    // A = 1.5/√1.125 = √2, −1/√1.125 = −2√2/3 twice, 0.5/√1.125 = √2/3.
    const { advantages } = advantagesOf([0.875, -1, -1, 0.125], [1, 2, 3, 4], TASK_ROLE);
    const root = Math.SQRT2;
    expectClose(advantages, [root, (-2 * root) / 3, (-2 * root) / 3, root / 3]);
  });

  test('groups do not matter to it', () => {
    const rewards = [1, -0.5, -1, 1];
    expect(advantagesOf(rewards, [1, 1, 2, 2], TASK_ROLE)).toEqual(
      advantagesOf(rewards, [1, 2, 3, 4], TASK_ROLE),
    );
  });

  test('a batch without variance teaches nothing, rounding included', () => {
    expect(advantagesOf([-0.5, -0.5, -0.5], [1, 2, 3], TASK_ROLE).advantages).toEqual([0, 0, 0]);
    expect(advantagesOf([0.7], [1], TASK_ROLE).advantages).toEqual([0]);
    // The mean of ten times 0.1 + 0.2 is not exactly that number.
    const constant = Array.from({ length: 10 }, () => 0.1 + 0.2);
    expect(advantagesOf(constant, constant, TASK_ROLE).advantages.every((a) => a === 0)).toBe(true);
  });

  test('without normalisation only the mean is subtracted', () => {
    const { advantages } = advantagesOf([1, 1, -0.5, -0.5], [1, 2, 3, 4], {
      baseline: 'task-role',
      normalise: false,
    });
    expectClose(advantages, [0.75, 0.75, -0.75, -0.75]);
  });
});

describe('group baseline', () => {
  const rewards = [1, -0.5, -0.5, -1];
  const groups = [7, 7, 9, 9];

  test('compares with the rollouts of the same task, in units of the batch', () => {
    // Batch: μ = −0.25, squares 1.5625 + 0.0625 + 0.0625 + 0.5625 = 2.25, σ = √0.5625 = 0.75.
    // Group means 0.25 and −0.75, so the differences are ±0.75 and ±0.25.
    const { advantages, baseline } = advantagesOf(rewards, groups, GROUP);
    expectClose(advantages, [1, -1, 1 / 3, -1 / 3]);
    expect(baseline).toEqual({ mean: -0.25, standardDeviation: 0.75, count: 4 });
  });

  test('without normalisation', () => {
    const { advantages } = advantagesOf(rewards, groups, { baseline: 'group', normalise: false });
    expectClose(advantages, [0.75, -0.75, 0.25, -0.25]);
  });

  test('members of a group may stand anywhere in the batch', () => {
    const { advantages } = advantagesOf([1, -0.5, -0.5, -1], [7, 9, 7, 9], GROUP);
    // Group 7 holds 1 and −0.5, group 9 holds −0.5 and −1.
    expectClose(advantages, [1, 1 / 3, -1, -1 / 3]);
  });

  test('a group of equal rewards gets none, though the batch varies', () => {
    expectClose(advantagesOf([1, 1, -1, -1], [1, 1, 2, 2], GROUP).advantages, [0, 0, 0, 0]);
  });
});
