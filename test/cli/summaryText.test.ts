import { expect, test } from 'vitest';

import type { LearningReport } from '../../server/protocol/learning.ts';
import { summaryText } from '../../server/src/cli/views/summaryText.ts';
import type { RunSummary } from '../../server/src/runs/runSummary.ts';

const SUMMARY: RunSummary = {
  ...{ steps: 20, complete: true, generatedTokens: 12_345, durationMs: 61_000 },
};
const LEARNING: LearningReport = {
  ...{ tasks: 120, finding: 'learning', parts: [] },
  greedy: {
    ...{ step: 20, before: 0.42, after: 0.55, low: 0.05, high: 0.2 },
    ...{ gained: 20, lost: 4, pValue: 0.0015 },
  },
  sampled: {
    ...{ step: 20, samples: 8 },
    pass1: { before: 0.3, after: 0.4, low: 0.05, high: 0.15 },
    passK: { before: 0.6, after: 0.7, low: 0.05, high: 0.15 },
  },
  learned: [{ construct: 'slice:reversed', tasks: 24, before: 0.08, after: 0.71, pValue: 0.0001 }],
};

test('the end of a run reports greedy and pass@k, what that means, and what was learned', () => {
  const lines = summaryText({ ...SUMMARY, learning: LEARNING }, 'runs/a').split('\n');
  expect(lines).toContain('held-out     greedy 42 % → 55 %, pass@8 60 % → 70 %');
  expect(lines.find((line) => line.startsWith('finding'))).toMatch(
    /^finding {6}Learning\. Greedy 42 % → 55 % \(20 tasks gained, 4 lost, p = 0\.0015\)/,
  );
  expect(lines.some((line) => /Learned: .*\(8 % → 71 %\)/.test(line))).toBe(true);
});

test('without held-out tasks, or before the second look, there is nothing to report', () => {
  expect(summaryText(SUMMARY, 'runs/a')).not.toContain('held-out');
  const { tasks, parts } = LEARNING;
  const early = { tasks, parts, finding: 'too-early', learned: [] } as const;
  expect(summaryText({ ...SUMMARY, learning: early }, 'runs/a')).not.toContain('held-out');
});
