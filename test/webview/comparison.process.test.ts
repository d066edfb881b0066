/** The page that compares, in Chromium: what the server says of the recorded run at its start and at its end. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { brotliDecompressSync } from 'node:zlib';

import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import type {
  ComparedTasksQuery,
  ComparisonQuery,
  ComparisonReport,
  Measurement,
} from '../../server/protocol/comparison.ts';
import type { RunOverview } from '../../server/protocol/runs.ts';
import {
  comparedTasks,
  comparisonReport,
} from '../../server/src/runs/comparison/comparisonReport.ts';
import { demoArchive } from '../../server/src/runs/demoRun.ts';
import { RunReader } from '../../server/src/store/runReader.ts';
import { fillSummaries } from '../../server/src/store/writer/summaryWriter.ts';
import { percentText } from '../../webview/src/ui/numberText.ts';
import { launchBrowser } from '../vscode/harness/browser.ts';
import { readRecording, recordedHost } from './harness/recordedHost.ts';
import { THEMES, type ThemeName } from './harness/themes.ts';
import { violations } from './harness/violations.ts';
import { openWebview, type WebviewUnderTest } from './harness/webviewHarness.ts';

/** Two runs with the rows of the recorded one. */
const RUNS = ['first', 'second'].map((id): RunOverview => ({
  ...readRecording().overview,
  ...{ id, name: id, lastStep: 3, steps: 3 },
}));
const START: Measurement = { runId: 'first', step: 0 };
const END: Measurement = { runId: 'second' };

let folder: string;
let reader: RunReader;
let browser: Browser;
let view: WebviewUnderTest | undefined;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-comparison-'));
  const file = path.join(folder, 'run.db');
  writeFileSync(file, brotliDecompressSync(readFileSync(demoArchive())));
  const database = new DatabaseSync(file);
  fillSummaries(database);
  database.close();
  reader = RunReader.open(file);
  browser = await launchBrowser();
});

afterEach(async () => {
  const defects = view?.defects ?? [];
  await view?.close();
  view = undefined;
  expect(defects).toEqual([]);
});

afterAll(async () => {
  await browser.close();
  reader.close();
  rmSync(folder, { recursive: true });
});

function reportOn(query: ComparisonQuery): ComparisonReport {
  const scan = comparisonReport(query, () => reader);
  for (;;) {
    const window = scan.next();
    if (window.done === true) return window.value;
  }
}

async function open(measurements: readonly Measurement[], theme?: ThemeName) {
  const host = recordedHost(readRecording(), {
    focus: { kind: 'compare', measurements },
    runs: RUNS,
    override: (method, parameters) => {
      if (method === 'azr/comparison') return reportOn(parameters as unknown as ComparisonQuery);
      if (method !== 'azr/comparedTasks') return undefined;
      return comparedTasks(parameters as unknown as ComparedTasksQuery, () => reader);
    },
  });
  view = await openWebview(browser, {
    ...{ name: 'dashboard', answer: host, height: 2000 },
    ...(theme !== undefined && { theme }),
  });
  await view.page.getByRole('heading', { name: 'Measurements' }).waitFor();
  return view;
}

test('a table says what each measured and how it differs from the first', async () => {
  const { page } = await open([START, END]);
  const { columns, changes } = reportOn({ measurements: [START, END] });
  const table = page.getByRole('region', { name: 'Measurements' });
  const rows = await table.getByRole('row').allInnerTexts();
  expect(rows[1]).toContain('first, before training');
  expect(rows[1]).toContain(percentText(columns[0]!.result!.greedy.rate));
  expect(rows[2]).toContain('second, step 3');
  const { gained, lost } = changes[0]!.paired!.greedy;
  expect([gained, lost]).toEqual([0, 1]);
  expect(rows[2]!.split('\t').slice(-5)).toEqual([
    expect.stringMatching(/^−2\.8 \(/),
    ...['0', '1', '1', '36'],
  ]);
});

test('a task that changed opens, and both answers as a difference of two runs', async () => {
  const { page, actions } = await open([START, END]);
  const { items } = comparedTasks(
    { before: START, after: END, change: 'lost', limit: 9 },
    () => reader,
  );
  const [lost] = items;
  await page.getByRole('button', { name: /compare both answers/ }).press('Enter');
  expect(actions('compare-answers')).toEqual([
    {
      ...{ kind: 'compare-answers', runId: 'first', runIdAfter: 'second' },
      ...{ rolloutBefore: lost!.rolloutBefore, rolloutAfter: lost!.rolloutAfter },
    },
  ]);
  await page.getByRole('button', { name: /after: wrong/ }).click();
  expect(actions('open-document')).toEqual([
    { kind: 'open-document', uri: `azr:/second/answer-${String(lost!.rolloutAfter)}.py` },
  ]);
});

test('the curves of all runs move together, by steps or by tokens, and open what was measured there', async () => {
  const { page, actions } = await open([START, END]);
  const plot = page.getByRole('slider', { name: 'Held-out tasks solved (greedy), by step' });
  await page.locator('.uplot').first().waitFor();
  await plot.focus();
  await plot.press('Home');
  const { curves } = reportOn({ measurements: [START, END] });
  const [start, ...later] = curves[0]!.points;
  expect(await plot.getAttribute('aria-valuetext')).toContain(
    `step 0: first ${percentText(start!.greedy.rate)}, second`,
  );
  // The cursor of the other chart follows.
  await expect.poll(() => page.locator('.chart-at').nth(1).innerText()).toBe('step 0');
  await plot.press('End');
  await plot.press('Enter');
  expect(actions('compare')).toEqual([
    {
      kind: 'compare',
      measurements: ['first', 'second'].map((runId) => ({ runId, step: later.at(-1)!.step })),
    },
  ]);
  await page.getByRole('checkbox', { name: 'By generated tokens' }).click();
  const byTokens = page.getByRole('slider', { name: 'solved (greedy), by generated tokens' });
  await byTokens.focus();
  await byTokens.press('End');
  const tokens = String(later.at(-1)!.generatedTokens).replaceAll(/\B(?=(?:\d{3})+$)/g, ' ');
  expect((await byTokens.getAttribute('aria-valuetext'))?.replaceAll(/\s/g, ' ')).toContain(
    `${tokens} generated tokens: first`,
  );
  await page.getByRole('checkbox', { name: 'As tables' }).click();
  const table = page.getByRole('region', { name: 'Held-out tasks solved (greedy): table' });
  expect(await table.getByRole('row').count()).toBe(1 + curves[0]!.points.length);
});

test('another one is chosen to compare with', async () => {
  const { page, actions } = await open([START, END]);
  await page.getByRole('combobox', { name: 'Compared with' }).click();
  await page.getByRole('option', { name: 'second, step 3' }).click();
  expect(actions('compare')).toEqual([{ kind: 'compare', measurements: [END, START] }]);
});

test('without anything to compare it says how to choose', async () => {
  const host = recordedHost(readRecording(), {
    focus: { kind: 'compare', measurements: [] },
    runs: RUNS,
  });
  view = await openWebview(browser, { name: 'dashboard', answer: host });
  await view.page.getByText('Nothing to compare').waitFor();
});

test('a refusal is shown, and asked again', async () => {
  const host = recordedHost(readRecording(), {
    focus: { kind: 'compare', measurements: [START] },
    runs: RUNS,
  });
  view = await openWebview(browser, { name: 'dashboard', answer: host });
  await view.page.getByRole('button', { name: 'Try again' }).click();
  await expect
    .poll(() => view!.sent.filter((one) => one.kind === 'request').length)
    .toBeGreaterThan(1);
});

test.each(Object.keys(THEMES) as ThemeName[])(
  'axe finds nothing in the theme %s',
  async (theme) => {
    const { page } = await open([START, END], theme);
    await page.locator('.uplot').first().waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('checkbox', { name: 'As tables' }).click();
    expect(await violations(page)).toEqual([]);
  },
);
