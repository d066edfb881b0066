import { describe, expect, test } from 'vitest';

import type { RunSettings } from '../../server/protocol/settings.ts';
import { rateShare } from '../../server/src/method/training/learningRate.ts';
import { loopFixture } from './loopFixture.ts';

describe('the share of the full learning rate', () => {
  const shares = (schedule: Parameters<typeof rateShare>[0]) =>
    Array.from({ length: schedule.steps }, (_, index) => rateShare(schedule, index + 1));

  test('is all of it without a schedule', () => {
    expect(shares({ steps: 4, warmUpSteps: 0, learningRateDecay: 'none' })).toEqual([1, 1, 1, 1]);
  });

  test('rises over the warm-up', () => {
    expect(shares({ steps: 6, warmUpSteps: 4, learningRateDecay: 'none' })).toEqual([
      0.25, 0.5, 0.75, 1, 1, 1,
    ]);
  });

  test('falls to the last step, which still learns', () => {
    // From step 1 with x = step / 5; from step 2 with x = (step − 2) / 4.
    const linear = { warmUpSteps: 0, learningRateDecay: 'linear' } as const;
    expect(shares({ steps: 4, ...linear }).map((share) => share.toFixed(6))).toEqual(
      [0.8, 0.6, 0.4, 0.2].map((share) => share.toFixed(6)),
    );
    const cosine = shares({ steps: 5, warmUpSteps: 2, learningRateDecay: 'cosine' });
    const root = Math.SQRT1_2;
    expect(cosine.map((share) => share.toFixed(6))).toEqual(
      [0.5, 1, (1 + root) / 2, 0.5, (1 - root) / 2].map((share) => share.toFixed(6)),
    );
  });

  test('a warm-up longer than the run never gets there', () => {
    expect(shares({ steps: 2, warmUpSteps: 8, learningRateDecay: 'cosine' })).toEqual([
      0.125, 0.25,
    ]);
  });
});

test('each update of a run has the rate of its step, also after a resume', async () => {
  const settings: Partial<RunSettings> = {
    ...{ steps: 4, learningRate: 0.5, warmUpSteps: 2, averageDecay: 0.75 },
    ...{ goldLossWeight: 1, goldUpdatesPerStep: 1, goldLearningRate: 0.25 },
    learningRateDecay: 'linear',
  };
  const fixture = loopFixture({ settings });
  await fixture.run({ stopAfterStep: () => fixture.store.counters().lastStep === 2 });
  await fixture.run();
  const rates = fixture.engine.updateCalls.map(({ adam }) => adam.learningRate);
  const expected = [0.5, 1, 2 / 3, 1 / 3].flatMap((share) => [0.5 * share, 0.25 * share]);
  expect(rates).toHaveLength(8);
  for (const [index, rate] of rates.entries()) expect(rate).toBeCloseTo(expected[index]!, 12);
  expect(fixture.engine.updateCalls.every(({ adam }) => adam.averageDecay === 0.75)).toBe(true);
  const metric = fixture.store.steps[3]!.metrics.find(({ name }) => name === 'update.learningRate');
  expect(metric?.value).toBeCloseTo(1 / 3, 12);
});
