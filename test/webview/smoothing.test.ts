import { expect, test } from 'vitest';

import { chartCsv } from '../../webview/src/dashboard/chartCopies.ts';
import { smoothed } from '../../webview/src/dashboard/smoothing.ts';

test('an average begins at the first value and forgets the older ones by the strength', () => {
  // (0.5·1 + 0.25·0)/0.75 and (0.5·1 + 0.25·1 + 0.125·0)/0.875, by hand.
  expect(smoothed([0, 1, null, 1], 0.5)).toEqual([0, 2 / 3, null, 0.75 / 0.875]);
  expect(smoothed([0.3, 0.3, 0.3], 0.95).map((value) => value?.toFixed(12))).toEqual(
    Array.from({ length: 3 }, () => '0.300000000000'),
  );
  expect(smoothed([null, 4, 2], 0)).toEqual([null, 4, 2]);
});

test('a copied table has every point as it was measured, and no formula', () => {
  const series = [
    { label: '=HYPERLINK("x"): all', colour: 'blue', values: [0.25, null] },
    { label: 'update, ms', colour: 'green', values: [10, 30], base: [4, 10] },
  ] as const;

  expect(chartCsv({ steps: [0, 20], series, resumedAfter: [] })).toBe(
    'step,"\'=HYPERLINK(""x""): all","update, ms"\n0,0.25,6\n20,,20\n',
  );
});
