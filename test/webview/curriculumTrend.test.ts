import { expect, test } from 'vitest';

import { curriculumTrend, trendChance } from '../../webview/src/dashboard/curriculumTrend.ts';

test.each([
  // S = 10, variance 5·4·15/18 = 16.667, z = 9/4.0825 = 2.2045.
  [[1, 2, 3, 4, 5], 0.02749],
  [[5, 4, 3, 2, 1], 0.02749],
  // S = 4 − 1 + … worked out by hand: pairs up 8, down 2, so S = 6, z = 5/4.0825 = 1.2247.
  [[1, 3, 2, 5, 4], 0.22067],
  // Ties 2 and 2: S = 4, variance (4·3·13 − 2·(2·1·9))/18 = 6.6667, z = 3/2.582 = 1.1619.
  [[1, 1, 2, 2], 0.24528],
  [[3, 3, 3, 3], 1],
])('Mann–Kendall of %j is %d', (values, p) => {
  expect(trendChance(values)).toBeCloseTo(p, 4);
});

test.each([
  ['unknown', [null, 0.5, null, 0.4]],
  ['unknown', [0.5, 0.4, 0.3, 0.2]],
  ['harder', [0.6, 0.55, null, 0.5, 0.4, 0.35, 0.3]],
  ['easier', [0.3, 0.35, 0.4, 0.5, 0.55, 0.6]],
  // Falls every time, but by two points in all.
  ['level', [0.52, 0.515, 0.51, 0.505, 0.5, 0.5]],
  ['level', [0.5, 0.4, 0.5, 0.5, 0.4, 0.5]],
  ['unclear', [0.5, 0.7, 0.4, 0.6, 0.3, 0.5]],
] as const)('%s: %j', (verdict, rates) => {
  expect(curriculumTrend(rates).verdict).toBe(verdict);
});

test('the sentence has both rates and how sure it is', () => {
  expect(curriculumTrend([0.6, 0.58, 0.5, 0.45, 0.32, 0.3]).sentence).toBe(
    'New tasks get harder: the model at the start solves 31 % of the latest and 59 % of the first (Mann–Kendall, p = 0.0085).',
  );
  expect(curriculumTrend([null, 0.5]).sentence).toBe(
    'Not known yet: the model at the start was asked once; 5 are needed.',
  );
});
