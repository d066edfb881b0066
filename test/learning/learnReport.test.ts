/** docs/learning.md: larger models have a table of their own, and never count in the others. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { writeReport } from '../../bench/learn/report.ts';
import type { RecordedResult } from '../../bench/learn/results.ts';
import type { GreedyChange } from '../../server/protocol/learning.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-learn-report-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

async function report(results: readonly RecordedResult[]): Promise<string> {
  await writeReport(folder, { results, shortRuns: [] });
  return readFileSync(path.join(folder, 'learning.md'), 'utf8');
}

const NANO: RecordedResult = {
  ...{ table: 'headline', arm: 'studio', seed: 1, steps: 300, settings: [] },
  report: {
    ...{ tasks: 1440, finding: 'learning', greedy: change(0.4, 0.5), parts: [], learned: [] },
  },
  ...{
    curve: [],
    minutes: 15,
    secondsPerStep: 3,
    distinctPrograms: 900,
    templates: 90,
    course: {},
  },
};

const SMOLLM2: RecordedResult = {
  ...NANO,
  ...{ model: 'smollm2-135m', device: 'one GPU', settings: ['trainable=full'], steps: 250 },
  heldOut: { probeTasks: 360, cruxeval: { drawn: 100, leftOut: { 'bad-input': 2 } } },
  report: {
    ...{ tasks: 556, finding: 'learning', greedy: change(0.11, 0.22), learned: [] },
    sampled: { step: 250, samples: 8, pass1: change(0.1, 0.2), passK: change(0.33, 0.44) },
    parts: [
      { part: { mode: 'abduction' }, tasks: 218, greedy: change(0.12, 0.25) },
      {
        ...{ part: { stratum: 'cruxeval' }, tasks: 196, greedy: change(0.05, 0.09) },
        passK: change(0.21, 0.32),
      },
    ],
  },
};

test('without a run of a larger model, the page says so and how to make one', async () => {
  const page = await report([NANO]);
  expect(page).toContain('## Larger models');
  expect(page).toContain('npm run learn -- --model smollm2-135m --cruxeval FILE');
  expect(page).toContain('That run has not been made yet.');
  expect(page).toContain('40.0 % → 50.0 %');
});

test('its run has a row for all tasks and for each part, and what was left out', async () => {
  const page = await report([NANO, SMOLLM2, { ...SMOLLM2, table: 'tuning', seed: 2 }]);
  expect(page).not.toContain('has not been made yet');
  expect(page).toContain(
    '| 1 | smollm2-135m | `studio` | 1 | 250 | 15.0 | one GPU | `trainable=full` |',
  );
  expect(page).toContain(
    '100 items of CRUXEval, each in both directions, 2 left out (bad-input 2)',
  );
  expect(page).toContain('| 1 | all | 556 | 11.0 % → 22.0 % | +11.0 (+1.0 to +21.0) | 0.004 |');
  expect(page).toContain('| 1 | abduction | 218 | 12.0 % → 25.0 %');
  expect(page).toMatch(/\| 1 \| cruxeval \| 196 \| 5\.0 % → 9\.0 % .* 21\.0 % → 32\.0 %.*k = 8/);
  expect(page).toContain('| 2 | all |');
});

test('it never counts among the runs of the embedded model, whatever its table', async () => {
  const page = await report([NANO, SMOLLM2, { ...SMOLLM2, table: 'tuning' }]);
  expect(page).toContain('## Not shown yet');
  const alone = await report([NANO]);
  const before = (text: string) => text.slice(0, text.indexOf('## Larger models'));
  const after = (text: string) => text.slice(text.indexOf('## Not shown yet'));
  expect(before(page)).toBe(before(alone));
  expect(after(page)).toBe(after(alone));
});

function change(before: number, after: number): GreedyChange {
  const gain = after - before;
  return {
    ...{ before, after, low: gain - 0.1, high: gain + 0.1 },
    ...{ step: 250, gained: 20, lost: 5, pValue: 0.004 },
  };
}
