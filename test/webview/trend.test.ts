import { expect, test } from 'vitest';

import { isFalling, isRising, linearTrend } from '../../webview/src/dashboard/trend.ts';

test('a line through points has the slope and standard error that are worked out by hand', () => {
  // Means 2 and 3; spread 10, product 8; residuals −0.4, 0.8, −1, 1.2, −0.6; squares 3.6.
  const trend = linearTrend([0, 1, 2, 3, 4], [1, 3, 2, 5, 4])!;

  expect(trend.slope).toBeCloseTo(0.8, 12);
  expect(trend.standardError).toBeCloseTo(Math.sqrt(3.6 / 3 / 10), 12);
  expect(trend.change).toBeCloseTo(3.2, 12);
  expect(isRising(trend)).toBe(true);
  expect(isFalling(trend)).toBe(false);
});

test('a slope that noise may explain is neither rising nor falling', () => {
  const trend = linearTrend([0, 1, 2, 3], [0, 1, 0, 1])!;

  expect(trend.slope).toBeGreaterThan(0);
  expect(isRising(trend)).toBe(false);
});

test.each([
  ['two points', [0, 1], [0, 1]],
  ['one place', [2, 2, 2], [0, 1, 2]],
])('%s have no trend', (_, xs, ys) => {
  expect(linearTrend(xs, ys)).toBeUndefined();
});
