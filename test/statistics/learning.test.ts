import { describe, expect, test } from 'vitest';

import type {
  GreedyChange,
  LearningFinding,
  LearningReport,
  RateChange,
  SampledChange,
} from '../../server/protocol/learning.ts';
import { findingText, findingTitle, learnedText } from '../../server/protocol/learningText.ts';
import {
  type AnsweredTask,
  learnedConstructs,
} from '../../server/src/statistics/learnedConstructs.ts';
import { learningFinding } from '../../server/src/statistics/learningFinding.ts';
import { greedyChange, rateChange } from '../../server/src/statistics/pairedChange.ts';

const MODE = { mode: 'deduction' } as const;

describe('a paired change', () => {
  /** As many tasks of each kind as asked for: right both times, gained, lost, wrong both times. */
  const tasks = (both: number, gained: number, lost: number, neither: number) => [
    ...Array.from({ length: both }, () => ({ ...MODE, before: 1, after: 1 })),
    ...Array.from({ length: gained }, () => ({ ...MODE, before: 0, after: 1 })),
    ...Array.from({ length: lost }, () => ({ ...MODE, before: 1, after: 0 })),
    ...Array.from({ length: neither }, () => ({ ...MODE, before: 0, after: 0 })),
  ];

  test('counts what was gained and lost, with the exact p', () => {
    const change = greedyChange(tasks(30, 10, 2, 58));
    expect(change).toMatchObject({ before: 0.32, after: 0.4, gained: 10, lost: 2 });
    expect(change.pValue).toBeCloseTo((2 * (1 + 12 + 66)) / 2 ** 12, 12);
  });

  test('its interval is that of the difference, which pairing makes narrower', () => {
    // Variance of a task's difference: (gained + lost)/n − (mean difference)² = 0.012 − 0.008².
    const { low, high } = greedyChange(tasks(300, 10, 2, 688));
    const error = Math.sqrt((0.012 - 0.008 ** 2) / 1000);
    expect(low).toBeCloseTo(0.008 - 2.576 * error, 2);
    expect(high).toBeCloseTo(0.008 + 2.576 * error, 2);
    // Unpaired, each rate alone would have an error of 0.015.
    expect(high - low).toBeLessThan(0.02);
  });

  test('weighs modes and strata alike', () => {
    const change = rateChange([
      ...Array.from({ length: 90 }, () => ({ ...MODE, stratum: 'a', before: 0, after: 0 })),
      ...Array.from({ length: 10 }, () => ({ ...MODE, stratum: 'b', before: 0, after: 1 })),
    ]);
    expect(change).toMatchObject({ before: 0, after: 0.5, low: 0.5, high: 0.5 });
  });
});

const level: RateChange = { before: 0.5, after: 0.5, low: -0.03, high: 0.03 };
const up: RateChange = { before: 0.5, after: 0.6, low: 0.05, high: 0.15 };
const down: RateChange = { before: 0.5, after: 0.4, low: -0.15, high: -0.05 };
const greedy = (change: RateChange, pValue: number): GreedyChange => ({
  ...change,
  ...{ step: 20, pValue },
  gained: change === down ? 5 : 40,
  lost: change === up ? 5 : 40,
});
const sampled = (pass1: RateChange, passK: RateChange, step = 20): SampledChange => ({
  ...{ step, samples: 4, pass1, passK },
});
const report = (parts: Partial<LearningReport>): LearningReport => ({
  ...{ tasks: 100, parts: [], learned: [] },
  finding: learningFinding(parts),
  ...parts,
});

describe('the finding', () => {
  test.each<[LearningFinding, Partial<LearningReport>]>([
    ['too-early', {}],
    ['nothing', { greedy: greedy(level, 1) }],
    ['nothing', { greedy: greedy(up, 0.02) }],
    ['nothing', { greedy: greedy(level, 1), sampled: sampled(level, level) }],
    ['learning', { greedy: greedy(up, 0.001), sampled: sampled(up, up) }],
    ['sharpening', { greedy: greedy(up, 0.001), sampled: sampled(up, level) }],
    ['sharpening', { greedy: greedy(level, 1), sampled: sampled(up, level) }],
    ['narrowing', { greedy: greedy(up, 0.001), sampled: sampled(up, down) }],
    ['narrowing', { greedy: greedy(up, 0.001), sampled: sampled(up, down, 10) }],
    ['forgetting', { greedy: greedy(down, 0.001), sampled: sampled(level, level) }],
    ['unfinished', { greedy: greedy(up, 0.001) }],
    ['unfinished', { greedy: greedy(up, 0.001), sampled: sampled(up, up, 10) }],
    ['unfinished', { greedy: greedy(level, 1), sampled: sampled(up, up) }],
  ])('is %s', (finding, parts) => {
    expect(learningFinding(parts)).toBe(finding);
  });

  test('is said with the numbers it rests on', () => {
    const learning = report({ greedy: greedy(up, 0.001), sampled: sampled(up, up) });
    expect(findingTitle(learning)).toBe('Learning');
    expect(findingText(learning)).toBe(
      'Greedy 50 % → 60 % (40 tasks gained, 5 lost, p = 0.001), pass@4 50 % → 60 %: the model solves tasks that it could not solve before.',
    );
    expect(
      findingText(report({ greedy: greedy(up, 0.001), sampled: sampled(up, level) })),
    ).toContain(
      'but pass@4 50 % → 50 % is within chance: the model is surer of what it could already do.',
    );
    expect(findingText(report({ greedy: greedy(level, 0.9), sampled: sampled(up, down) }))).toMatch(
      /but pass@4 50 % → 40 %: the model has lost tasks/,
    );
    expect(findingText(report({ greedy: greedy(up, 1e-7) }))).toContain('p < 0.0001');
    expect(findingText(report({ tasks: 0 }))).toContain('no held-out tasks');
    expect(findingText(report({}))).toContain('only asked before training');
  });
});

describe('constructs that were learned', () => {
  const some = (
    count: number,
    constructs: readonly string[],
    rights: { before: number; after: number },
  ): AnsweredTask[] =>
    Array.from({ length: count }, (_, index) => ({
      constructs,
      before: index < rights.before,
      after: index < rights.after,
    }));
  const names = (tasks: readonly AnsweredTask[]) =>
    learnedConstructs(tasks).map(({ construct }) => construct);

  test('are those whose tasks were gained beyond chance, with their rates', () => {
    const learned = learnedConstructs([
      ...some(24, ['slice:reversed'], { before: 2, after: 17 }),
      ...some(100, ['operator:add'], { before: 60, after: 62 }),
    ]);
    expect(learned).toHaveLength(1);
    expect(learned[0]).toMatchObject({ construct: 'slice:reversed', tasks: 24 });
    expect(learned[0]!.before).toBeCloseTo(2 / 24, 12);
    expect(learned[0]!.after).toBeCloseTo(17 / 24, 12);
    // Fifteen gained and none lost, for two constructs: 2 · 2 / 2^15.
    expect(learned[0]!.pValue).toBeCloseTo(4 / 2 ** 15, 12);
    expect(learnedText(learned, (name) => `<${name}>`)).toBe(
      'Learned: <slice:reversed> (8 % → 71 %)',
    );
    expect(learnedText([], String)).toBeUndefined();
  });

  test('a construct is not credited with what another one in its programs taught', () => {
    const tasks = [
      ...some(30, ['slice:reversed', 'operator:add'], { before: 3, after: 27 }),
      ...some(60, ['operator:add'], { before: 30, after: 31 }),
    ];
    // Alone, addition would pass: 33 of 90 before, 58 after, none lost.
    expect(names(tasks)).toEqual(['slice:reversed']);
    const both = [...tasks, ...some(60, ['operator:add', 'call:len'], { before: 10, after: 50 })];
    expect(names(both)).toEqual(['slice:reversed', 'call:len']);
  });

  test('few tasks, small gains and what chance would bring are left out', () => {
    expect(names(some(19, ['call:min'], { before: 0, after: 19 }))).toEqual([]);
    expect(names(some(20, ['call:min'], { before: 0, after: 20 }))).toEqual(['call:min']);
    expect(names(some(1000, ['call:min'], { before: 0, after: 90 }))).toEqual([]);
    // Eight gained, none lost: p = 2 / 2^8 = 0.0078 alone, but not among two constructs.
    const chance = some(40, ['call:min'], { before: 10, after: 18 });
    expect(names(chance)).toEqual(['call:min']);
    expect(names([...chance, ...some(40, ['call:max'], { before: 10, after: 10 })])).toEqual([]);
  });
});
