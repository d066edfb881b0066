/** Held-out tasks are run from the Test Explorer, and a run's checkpoint is compared with its start. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { execa } from 'execa';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest';

import { launchBrowser } from '../harness/browser.ts';
import { readRow } from '../harness/runDatabase.ts';
import {
  pictureFailure,
  takePicture,
  THEME_CLASSES,
  type ThemeName,
  THEMES,
} from '../harness/screenshots.ts';
import { writeWorkspaceSettings } from '../harness/studioServer.ts';
import { webviewWith } from '../harness/webviewPage.ts';
import { Workbench } from '../harness/workbench.ts';

const MINUTES_MS = 60_000;
const studio = inject('studio');
const workspace = path.join(studio.root, 'comparison');
const run = path.join(workspace, 'runs', 'trained');
/** Every 60th held-out task of the embedded model: 24 of them. */
const EVERY = 60;

let browser: Browser;
let workbench: Workbench;
let hasFailed = false;

beforeAll(async () => {
  mkdirSync(path.join(workspace, 'runs'), { recursive: true });
  const probe = path.join(workspace, 'probe.jsonl');
  const all = readFileSync('server/models/azr-nano/probe.jsonl', 'utf8').trim().split('\n');
  writeFileSync(probe, all.filter((_, index) => index % EVERY === 0).join('\n'));
  // So fast that one step changes answers.
  const settings = [
    'steps=1',
    `probe=${probe}`,
    'probeSamples=1',
    'learningRate=0.002',
    'warmUpSteps=0',
  ];
  const options = settings.flatMap((one) => ['--set', one]);
  // The command line that was packed for this project's window.
  await execa(process.execPath, ['dist/cli.mjs', 'run', '--directory', run, ...options]);
  browser = await launchBrowser();
  workbench = await Workbench.open(browser, studio, workspace);
}, 10 * MINUTES_MS);

beforeEach(({ skip }) => {
  skip(hasFailed, 'the story broke off before');
});

afterEach(async ({ task }) => {
  hasFailed ||= task.result?.state === 'fail';
  await pictureFailure(workbench.page, task);
});

afterAll(async () => {
  await workbench.close();
  await browser.close();
});

const testRow = (name: string | RegExp) =>
  workbench.page.locator('.sidebar').getByRole('treeitem', { name }).first();
const runTests = async (name: RegExp) => {
  await testRow(name).hover();
  await testRow(name)
    .getByRole('button', { name: /^Run Test/ })
    .first()
    .click();
};
/** Folders of evaluations, the oldest first. */
const evaluations = () =>
  readdirSync(path.join(workspace, 'runs'))
    .filter((name) => name.includes('eval'))
    .sort()
    .map((name) => path.join(workspace, 'runs', name));
const tree = () => workbench.tree('Runs');

/** In a context menu, which takes no click for a moment after it has opened. */
async function chooseInMenu(name: string): Promise<void> {
  const entry = workbench.page.getByRole('menuitem', { name });
  await entry.waitFor();
  await workbench.page.waitForTimeout(500);
  await entry.click();
  await entry.waitFor({ state: 'hidden' });
}

async function inEveryTheme(name: string): Promise<void> {
  for (const theme of ['light', 'high-contrast', 'high-contrast-light', 'dark'] as ThemeName[]) {
    writeWorkspaceSettings(workspace, { 'workbench.colorTheme': THEMES[theme] });
    await workbench.page.locator(`.monaco-workbench.${THEME_CLASSES[theme]}`).waitFor();
    await workbench.page.waitForTimeout(500);
    await takePicture(workbench.page, theme, name);
  }
}

test('held-out tasks of a run are listed in the Test Explorer', async () => {
  await workbench.openContainer('Testing');
  await testRow(/^trained/).waitFor({ timeout: MINUTES_MS });
  await testRow(/^trained/)
    .locator('.monaco-tl-twistie')
    .click();
  for (const mode of ['deduction', 'abduction', 'induction']) {
    await testRow(new RegExp(`^${mode}`)).waitFor();
  }
  await testRow(/^deduction/)
    .locator('.monaco-tl-twistie')
    .click();
  await testRow(/ · taught \(Not yet run\)/).waitFor();
});

test('a mode is asked in one evaluation', { timeout: 5 * MINUTES_MS }, async () => {
  await runTests(/^deduction/);
  await testRow(/^deduction.*\(Failed\)/).waitFor({ timeout: 3 * MINUTES_MS });
  await testRow(/ · taught \(Passed\)/).waitFor();
  const [made, ...others] = evaluations();
  expect(others).toEqual([]);
  const { tasks, answers } = readRow(
    made!,
    `SELECT (SELECT count(*) FROM task WHERE origin = 'held-out') AS tasks,
       (SELECT count(*) FROM rollout WHERE mode = 'deduction') AS answers`,
  );
  expect([tasks, answers]).toEqual([8, 8]);
});

test('a miss shows what was expected beside what came, in the document of the answer', async () => {
  const { id, output, answer } = readRow(
    evaluations()[0]!,
    `SELECT min(rollout.id) AS id, json_extract(examples, '$[0].output') AS output, answer
     FROM rollout JOIN task ON task.id = task_id WHERE verdict = 'wrong'`,
  );
  await testRow(/ · .*\(Failed\)/).click();
  const peek = workbench.page.locator('.test-output-peek, .zone-widget');
  await peek.locator('.monaco-diff-editor .original').waitFor();
  const sides = await peek.locator('.monaco-diff-editor .view-lines').allInnerTexts();
  const shown = sides.map((text) => text.replaceAll('\u00a0', ' ').trim());
  expect(shown).toEqual([String(output), String(answer).trim()]);
  await workbench.tab(`answer-${String(id)}.py`).waitFor();
  await inEveryTheme('test-miss');
});

test('what passed leads to its answer too', async () => {
  const passed = testRow(/ · taught \(Passed\)/);
  await passed.hover();
  await passed.getByRole('button', { name: 'Open Answer' }).first().click();
  await expect.poll(() => workbench.editorText()).toContain('Verdict: correct');
});

test(
  'cancelled, an evaluation ends and its tests are skipped',
  { timeout: 3 * MINUTES_MS },
  async () => {
    await runTests(/^induction/);
    await expect.poll(() => evaluations().length).toBe(2);
    await workbench.runCommand('Test: Cancel Test Run');
    await testRow(/^induction.*\((Skipped|Not yet run)/).waitFor();
    await workbench.openContainer('AZR');
    // Ended before it had begun, it leaves no run; else one that was stopped.
    await expect
      .poll(async () => (await tree().rows()).filter((row) => /running|starting/.test(row)), {
        timeout: MINUTES_MS,
      })
      .toEqual([]);
  },
);

test('a checkpoint is compared with the untrained policy', async () => {
  await workbench.runCommand('View: Hide Panel');
  await workbench.runCommand('AZR: Compare…');
  await workbench.quickPick.getByText('before training').first().waitFor();
  await takePicture(workbench.page, 'dark', 'compare-pick');
  await workbench.quickPick.getByText('latest measurement').first().click();
  await workbench.quickPick.getByText('before training').first().click();
  await workbench.page.keyboard.press('Enter');
  const page = await webviewWith(workbench.page, '.compare-body table', MINUTES_MS);
  const table = page.getByRole('region', { name: 'Measurements' });
  await expect
    .poll(() => table.getByRole('row').allInnerTexts())
    .toEqual([
      expect.stringContaining('Same tasks'),
      expect.stringMatching(/trained, before training\s+24/),
      expect.stringMatching(/trained, step 1\s+24[\s\S]*24$/),
    ]);
  await inEveryTheme('comparison');
});

test('a task that changed opens as the difference of its answers', async () => {
  const page = await webviewWith(workbench.page, '.compare-body table');
  const [changed] = await page.getByRole('button', { name: /compare both answers/ }).all();
  await changed!.click();
  const diff = workbench.page.locator('.editor-instance .monaco-diff-editor');
  await diff.locator('.modified .view-line').first().waitFor();
  const sides = await diff.locator('.view-lines').allInnerTexts();
  const verdicts = sides.map((text) => /Verdict:.(\w+)/.exec(text)?.[1]);
  expect(verdicts.toSorted()).toEqual(['correct', 'wrong']);
  await inEveryTheme('comparison-diff');
});

test('steps that are selected in the tree are compared, and a point of a curve', async () => {
  await tree().expand(/^trained, /);
  await tree()
    .row(/^Step 0/)
    .click();
  await tree()
    .row(/^Step 1/)
    .click({ modifiers: ['Control'] });
  await tree()
    .row(/^Step 1/)
    .click({ button: 'right' });
  await chooseInMenu('Compare…');
  const tab = workbench.tab('AZR Comparison');
  await expect.poll(() => tab.getAttribute('aria-selected')).toBe('true');
  const page = await webviewWith(workbench.page, '.compare-body table');
  await page.getByRole('heading', { name: 'trained, before training → trained, step 1' }).waitFor();

  await tree()
    .row(/^trained, /)
    .click({ button: 'right' });
  await chooseInMenu('Open Dashboard');
  const dashboard = await webviewWith(workbench.page, '.dashboard-header .run-line', MINUTES_MS);
  const curve = dashboard.getByRole('slider', { name: 'Held-out tasks solved (greedy), by step' });
  await curve.focus();
  await curve.press('End');
  await curve.press('Enter');
  await expect.poll(() => tab.getAttribute('aria-selected')).toBe('true');
});

test('nobody was told of an error, and no page broke its rules', async () => {
  expect(await workbench.errorNotifications()).toEqual([]);
  expect(workbench.defects).toEqual([]);
});
