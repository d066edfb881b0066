import { expect, test } from 'vitest';

import { ablationsOf } from '../../bench/learn/ablations.ts';
import type { TrialResult } from '../../bench/learn/trial.ts';

const MEASUREMENT = ['probeSamples=2', 'checkpointEverySteps=1000'];

function trial(name: string, seed: number, settings: string[], after: number): TrialResult {
  const point = { step: 0, seconds: 0, generatedTokens: 0, deduction: 0, abduction: 0 };
  const curve = [0.25, after].map((mean) => ({ ...point, induction: 0, mean }));
  const shares = { valid: seed / 4, unique: 1, secondsPerStep: 1, tokensPerStep: 1 };
  return { name, seed, steps: 60, settings, curve, ...shares };
}

test('trials are summed up by what they changed, in any order and under any name; others are left out', () => {
  const ablations = ablationsOf([
    trial('two off', 3, [...MEASUREMENT, 'a=1', 'b=2'], 0.75),
    trial('preset', 1, MEASUREMENT, 0.5),
    trial('both off', 1, ['b=2', ...MEASUREMENT, 'a=1'], 0.25),
    trial('headline', 1, ['a=1', 'b=2'], 0.9),
  ]);
  expect(ablations).toEqual([
    {
      name: 'both off',
      settings: ['b=2', 'a=1'],
      gains: [0, 0.5],
      meanGain: 0.25,
      valid: 0.5,
      unique: 1,
    },
    { name: 'preset', settings: [], gains: [0.25], meanGain: 0.25, valid: 0.25, unique: 1 },
  ]);
});
