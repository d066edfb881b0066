import { describe, expect, test } from 'vitest';

import {
  type AdvantageInput,
  advantagesApart,
  advantagesOf,
  baselineOf,
} from '../../server/src/method/training/advantages.ts';

const TASK_ROLE = { baseline: 'task-role', scale: 'deviation' } as const;
const GROUP = { baseline: 'group', scale: 'deviation' } as const;

/** Rollouts with these rewards, of which 1 is a right answer. */
function batch(rewards: readonly number[], groups: readonly number[]): AdvantageInput[] {
  return rewards.map((reward, index) => ({
    reward,
    group: groups[index]!,
    correct: reward === 1,
  }));
}

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
    const { advantages, baseline } = advantagesOf(
      batch([1, 1, -0.5, -0.5], [1, 2, 3, 4]),
      TASK_ROLE,
    );
    expectClose(advantages, [1, 1, -1, -1]);
    expect(baseline.count).toBe(4);
  });

  test('a proposer batch', () => {
    // μ = (0.875 − 1 − 1 + 0.125) / 4 = −0.25, deviations 1.125, −0.75, −0.75, 0.375, squares
    // 1.265625 + 0.5625 + 0.5625 + 0.140625 = 2.53125, σ² = 0.6328125 = 0.75² · 1.125, and so
    // A = 1.5/√1.125 = √2, −1/√1.125 = −2√2/3 twice, 0.5/√1.125 = √2/3.
    const { advantages } = advantagesOf(batch([0.875, -1, -1, 0.125], [1, 2, 3, 4]), TASK_ROLE);
    const root = Math.SQRT2;
    expectClose(advantages, [root, (-2 * root) / 3, (-2 * root) / 3, root / 3]);
  });

  test('groups do not matter to it', () => {
    const rewards = [1, -0.5, -1, 1];
    expect(advantagesOf(batch(rewards, [1, 1, 2, 2]), TASK_ROLE)).toEqual(
      advantagesOf(batch(rewards, [1, 2, 3, 4]), TASK_ROLE),
    );
  });

  test('a batch without variance teaches nothing, rounding included', () => {
    expect(advantagesOf(batch([-0.5, -0.5, -0.5], [1, 2, 3]), TASK_ROLE).advantages).toEqual([
      0, 0, 0,
    ]);
    expect(advantagesOf(batch([0.7], [1]), TASK_ROLE).advantages).toEqual([0]);
    // The mean of ten times 0.1 + 0.2 is not exactly that number.
    const constant = Array.from({ length: 10 }, () => 0.1 + 0.2);
    expect(
      advantagesOf(batch(constant, constant), TASK_ROLE).advantages.every((a) => a === 0),
    ).toBe(true);
  });

  test('without normalisation only the mean is subtracted', () => {
    const { advantages } = advantagesOf(batch([1, 1, -0.5, -0.5], [1, 2, 3, 4]), {
      baseline: 'task-role',
      scale: 'none',
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
    const { advantages, baseline } = advantagesOf(batch(rewards, groups), GROUP);
    expectClose(advantages, [1, -1, 1 / 3, -1 / 3]);
    expect(baseline).toEqual({ mean: -0.25, standardDeviation: 0.75, count: 4 });
  });

  test('without normalisation', () => {
    const { advantages } = advantagesOf(batch(rewards, groups), {
      baseline: 'group',
      scale: 'none',
    });
    expectClose(advantages, [0.75, -0.75, 0.25, -0.25]);
  });

  test('members of a group may stand anywhere in the batch', () => {
    const { advantages } = advantagesOf(batch([1, -0.5, -0.5, -1], [7, 9, 7, 9]), GROUP);
    // Group 7 holds 1 and −0.5, group 9 holds −0.5 and −1.
    expectClose(advantages, [1, 1 / 3, -1, -1 / 3]);
  });

  test('a group of equal rewards gets none, though the batch varies', () => {
    expectClose(advantagesOf(batch([1, 1, -1, -1], [1, 1, 2, 2]), GROUP).advantages, [0, 0, 0, 0]);
  });
});

describe('by the share of right answers, as maximum likelihood does', () => {
  const rewards = [1, -0.5, -0.5, -0.5, 1, 1, 1, -0.5];
  const groups = [1, 1, 1, 1, 2, 2, 2, 2];

  test('a success counts more the rarer it is', () => {
    // Means −0.125 and 0.625, shares 1/4 and 3/4: 1.125 · 4, −0.375 · 4; 0.375 · 4/3, −1.125 · 4/3.
    const options = { baseline: 'group', scale: 'group-rate' } as const;
    const { advantages, baseline } = advantagesOf(batch(rewards, groups), options);
    expectClose(advantages, [4.5, -1.5, -1.5, -1.5, 0.5, 0.5, 0.5, -1.5]);
    expect(baseline.count).toBe(8);
  });

  test('a group without any has nothing to divide by', () => {
    const options = { baseline: 'group', scale: 'group-rate' } as const;
    const { advantages } = advantagesOf(batch([-0.5, -1, 1, -0.5], [1, 1, 2, 2]), options);
    expectClose(advantages, [0, 0, 1.5, -1.5]);
  });
});

describe('form and worth of a proposal apart', () => {
  test('are each compared in units of their own', () => {
    // f: 0, 0, 0, −1: μ = −0.25, σ² = (3 · 0.0625 + 0.5625) / 4 = 0.1875. l: 0.8, 0.4, 0: μ = 0.4,
    // σ² = 0.32 / 3.
    const { advantages, form, role } = advantagesApart([
      { form: 0, role: 0.8 },
      { form: 0, role: 0.4 },
      { form: 0, role: 0 },
      { form: -1 },
    ]);
    const valid = 0.25 / Math.sqrt(0.1875);
    const worth = 0.4 / Math.sqrt(0.32 / 3);
    expectClose(advantages, [valid + worth, valid, valid - worth, -0.75 / Math.sqrt(0.1875)]);
    expect(form).toMatchObject({ mean: -0.25, count: 4 });
    expect(role.mean).toBeCloseTo(0.4, 12);
    expect(role.count).toBe(3);
  });

  test('what is worth teaching is told apart however many proposals are invalid', () => {
    const better = { form: 0, role: 0.9 };
    const worse = { form: 0, role: 0.1 };
    const invalid = Array.from({ length: 8 }, () => ({ form: -1 }));
    const gap = (advantages: readonly number[]) => advantages[0]! - advantages[1]!;
    const apart = advantagesApart([better, worse, ...invalid]);
    // The two values are ±1 of their own standard deviation.
    expect(gap(apart.advantages)).toBeCloseTo(2, 12);
    const together = advantagesOf(
      batch(
        [0.9, 0.1, ...invalid.map(() => -1)],
        Array.from({ length: 10 }, (_, index) => index),
      ),
      TASK_ROLE,
    );
    expect(gap(together.advantages)).toBeLessThan(1.3);
  });

  test('a part without variance adds nothing', () => {
    expectClose(
      advantagesApart([
        { form: 0, role: 0.3 },
        { form: 0, role: 0.3 },
      ]).advantages,
      [0, 0],
    );
    expectClose(advantagesApart([{ form: -1 }, { form: -0.5 }]).advantages, [-1, 1]);
  });
});
