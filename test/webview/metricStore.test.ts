import { expect, test } from 'vitest';

import type { MetricTable } from '../../server/protocol/queries.ts';
import { mergeMetrics, stepToAskAfter } from '../../webview/src/dashboard/metricStore.ts';

function table(
  steps: number[],
  values: (number | null)[],
  resumedAfter: number[] = [],
): MetricTable {
  return { runId: 'run', sequence: steps.length, steps, series: { a: values }, resumedAfter };
}

test('a page that knows nothing asks for everything', () => {
  expect(stepToAskAfter(undefined, { lastStep: 7 })).toBe(-1);
});

test('a page asks for the steps after the last one it has', () => {
  expect(stepToAskAfter(table([0, 1, 2], [1, 2, 3]), { lastStep: 9 })).toBe(2);
});

test('steps that were taken back are asked for anew', () => {
  expect(stepToAskAfter(table([0, 1, 2, 3], [1, 2, 3, 4]), { lastStep: 2 })).toBe(-1);
});

test('steps that were taken back and done again meanwhile are asked for anew', () => {
  const known = table([0, 1, 2, 3], [1, 2, 3, 4]);
  expect(stepToAskAfter(known, { lastStep: 5, lastDiscard: known.sequence })).toBe(3);
  expect(stepToAskAfter(known, { lastStep: 5, lastDiscard: known.sequence + 1 })).toBe(-1);
});

test('steps that were taken back while newer ones were on their way are asked for anew', () => {
  const known = { ...table([0, 1, 2, 3], [1, 2, 3, 4]), sequence: 4 };
  const answer = { ...table([4], [9]), sequence: 20 };
  const merged = mergeMetrics(known, answer, 3);
  expect(stepToAskAfter(merged, { lastStep: 5, lastDiscard: 15 })).toBe(-1);
});

test('a stretch that was not complete is asked for again', () => {
  // At most 4 points: 7 steps stand in stretches of 2, of which the last has one step so far.
  expect(stepToAskAfter(table([1, 3, 5, 6], [1, 2, 3, 4]), { lastStep: 7 }, 4)).toBe(5);
});

test('everything is asked for when the stretches have become wider', () => {
  expect(stepToAskAfter(table([1, 3, 5, 7], [1, 2, 3, 4]), { lastStep: 8 }, 4)).toBe(-1);
});

test('what came takes the place of what was known of it', () => {
  const known = table([1, 3, 5, 6], [1, 2, 3, 4]);
  const merged = mergeMetrics(known, table([7], [5], [6]), 5);

  expect(merged.steps).toEqual([1, 3, 5, 7]);
  expect(merged.series['a']).toEqual([1, 2, 3, 5]);
  expect(merged.resumedAfter).toEqual([6]);
});

test('a metric that appears late has no values before', () => {
  const answer = { ...table([2], [9]), series: { a: [9], late: [7] } };
  const merged = mergeMetrics(table([0, 1], [1, 2]), answer, 1);

  expect(merged.series).toEqual({ a: [1, 2, 9], late: [null, null, 7] });
});
