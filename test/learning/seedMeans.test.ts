/** Means over seeds, computed by hand. */
import { describe, expect, test } from 'vitest';

import type { RecordedResult } from '../../bench/learn/results.ts';
import { armGains, shareOfCeiling } from '../../bench/learn/seedMeans.ts';

const change = (before: number, after: number) => ({
  ...{ before, after, low: 0, high: 0, gained: 0, lost: 0, pValue: 1 },
});

function result(arm: string, seed: number, greedyAfter: number, untaughtAfter: number) {
  return {
    ...{ table: 'headline', arm, seed, steps: 1, settings: [], minutes: 1, secondsPerStep: 1 },
    ...{ distinctPrograms: 1, templates: 1, course: {}, curve: [] },
    report: {
      greedy: { step: 1, ...change(0.4, greedyAfter) },
      parts: [{ part: { stratum: 'untaught' }, greedy: change(0.1, untaughtAfter) }],
    },
  } as unknown as RecordedResult;
}

describe('the gains of an arm', () => {
  const gains = armGains([
    result('supervised', 1, 0.6, 0.5),
    result('studio', 1, 0.5, 0.3),
    result('studio', 2, 0.54, 0.2),
  ]);

  test('are the mean of its seeds, with the least and the most', () => {
    expect(gains.map(({ arm, seeds }) => [arm, seeds])).toEqual([
      ['studio', 2],
      ['supervised', 1],
    ]);
    const [studio] = gains;
    expect(studio!.greedy.mean).toBeCloseTo(0.12, 12);
    expect(studio!.greedy.least).toBeCloseTo(0.1, 12);
    expect(studio!.greedy.most).toBeCloseTo(0.14, 12);
    expect(studio!.untaught.mean).toBeCloseTo(0.15, 12);
  });

  test('what was not measured has none', () => {
    expect(gains[0]!.passK.mean).toBeNaN();
    expect(gains[0]!.taught.mean).toBeNaN();
  });

  test('are compared with the ceiling’s', () => {
    expect(shareOfCeiling(gains)).toBeCloseTo(0.12 / 0.2, 12);
    expect(shareOfCeiling(armGains([result('studio', 1, 0.5, 0.3)]))).toBeUndefined();
    expect(
      shareOfCeiling(armGains([result('studio', 1, 0.5, 0.3), result('supervised', 1, 0.4, 0.1)])),
    ).toBeUndefined();
  });
});
