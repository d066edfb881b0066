/** A run's checkpoint is evaluated beside its start, looked at, and asked one task again. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { execa } from 'execa';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest';

import { launchBrowser } from '../harness/browser.ts';
import { readRow, readRows } from '../harness/runDatabase.ts';
import { pictureFailure, takePicture, THEME_CLASSES, THEMES } from '../harness/screenshots.ts';
import { writeWorkspaceSettings } from '../harness/studioServer.ts';
import { webviewWith } from '../harness/webviewPage.ts';
import { Workbench } from '../harness/workbench.ts';

const MINUTES_MS = 60_000;
const studio = inject('studio');
const workspace = path.join(studio.root, 'evaluation');
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
  const settings = ['steps=1', `probe=${probe}`, 'probeSamples=1'];
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

const tree = () => workbench.tree('Runs');
/** The first row of a list in which several can be chosen. */
const policies = () => choice('Before training');
/** Such a row is named by its label; a click turns its check mark. */
const choice = (label: string) => workbench.quickPick.getByText(label, { exact: true }).first();

test(
  'evaluates a checkpoint beside the untrained policy',
  { timeout: 5 * MINUTES_MS },
  async () => {
    await workbench.openContainer('AZR');
    await tree()
      .row(/^trained/)
      .waitFor();
    await workbench.runCommand('AZR: Evaluate…');
    await policies().waitFor();
    await takePicture(workbench.page, 'dark', 'evaluate-pick');
    await workbench.page.keyboard.press('Enter');
    await workbench.quickPickRow(/^Answers/).click();
    await workbench.quickPickRow(/^Greedily only/).click();
    await workbench.quickPickRow(/^Answers, greedily only/).waitFor();
    await takePicture(workbench.page, 'dark', 'evaluate-form');
    await workbench.page.keyboard.press('Enter');

    await tree()
      .row(/^Evaluation of heldout/)
      .waitFor({ timeout: 3 * MINUTES_MS });
    await tree()
      .row(/^trained@0/)
      .waitFor({ timeout: 3 * MINUTES_MS });
    await tree()
      .row(/^trained@1/)
      .waitFor({ timeout: 3 * MINUTES_MS });
  },
);

test('the dashboard shows both, and agrees with run.db', async () => {
  const page = await webviewWith(workbench.page, '.learned-view table', MINUTES_MS);
  const table = page.getByRole('region', { name: 'Subjects' });
  await expect.poll(() => table.innerText()).toMatch(/trained@0[\s\S]*trained@1/);
  const change = page.getByRole('heading', { name: 'trained@0 → trained@1' });
  await change.waitFor();
  for (const theme of ['light', 'high-contrast', 'dark'] as const) {
    writeWorkspaceSettings(workspace, { 'workbench.colorTheme': THEMES[theme] });
    await workbench.page.locator(`.monaco-workbench.${THEME_CLASSES[theme]}`).waitFor();
    await workbench.page.waitForTimeout(500);
    await takePicture(workbench.page, theme, 'evaluation');
  }
});

test('a task of a subject opens with its answer, and runs again', async () => {
  await tree().expand(/^trained@1/);
  await tree().expand(/^held out · deduction/);
  await tree()
    .row(/^Held-out task|^f\(|, (correct|wrong)/)
    .click();
  await workbench.lens('Run in sandbox').click();
  await workbench.lens(/as stored|correct|wrong/).waitFor({ timeout: MINUTES_MS });
  await takePicture(workbench.page, 'dark', 'evaluation-task');
});

test('one task is asked again of two checkpoints', { timeout: 5 * MINUTES_MS }, async () => {
  await tree().expand(/^trained/);
  await tree().expand(/^Step 1,/);
  await tree().expand(/^proposer · deduction/);
  await tree()
    .row(/, \d+ %$/)
    .click();
  const tab = await workbench.activeTab.innerText();
  await workbench.runCommand('AZR: Solve Again at Checkpoints…');
  await policies().waitFor();
  await workbench.page.keyboard.press('Enter');
  await tree()
    .row(/^Evaluation of tasks/)
    .waitFor({ timeout: 3 * MINUTES_MS });
  const taskId = Number(/task-(\d+)/.exec(tab)?.[1]);
  const asked = readRow(run, 'SELECT program FROM task WHERE id = ?', taskId);
  expect(asked['program']).toEqual(expect.any(String));
  const page = await webviewWith(workbench.page, '.learned-view table', 3 * MINUTES_MS);
  await expect
    .poll(() => page.getByRole('region', { name: 'Subjects' }).innerText(), {
      timeout: 3 * MINUTES_MS,
    })
    .toMatch(/pass@16[\s\S]*trained@0[\s\S]*trained@1/);
  await takePicture(workbench.page, 'dark', 'solved-again');
});

/** The file that the suite `file` asks. */
function itemsFile(): string {
  const questions = ['1', '2', '3'].map((answer) =>
    JSON.stringify({ question: `${answer} + 0?`, answer }),
  );
  const program = {
    ...{ id: 'double', program: 'def f(a):\n    return a + a', input: '21', output: '42' },
  };
  const file = path.join(workspace, 'items.jsonl');
  writeFileSync(file, [JSON.stringify(program), ...questions].join('\n'));
  return file;
}

test(
  'held-out tasks, and then items of the user’s own file, of a policy and a model',
  { timeout: 8 * MINUTES_MS },
  async () => {
    const { page } = workbench;
    const file = itemsFile();
    await workbench.runCommand('AZR: Evaluate…');
    await policies().waitFor();
    // The model that ships comes beside the policies as soon as it is known what this machine has.
    await choice('azr-nano').click();
    await choice('After step 1').click();
    await page.keyboard.press('Enter');

    await workbench.quickPickRow(/^Suites/).click();
    await choice('Items of a file of your own').click();
    await takePicture(page, 'dark', 'evaluate-suites');
    await page.keyboard.press('Enter');
    await expect.poll(() => workbench.quickInput.inputValue()).toContain('evaluation');
    await workbench.quickInput.fill(file);
    await page.keyboard.press('Enter');
    await workbench.quickPickRow(/^Suites, held-out tasks, items\.jsonl/).waitFor();

    await workbench.quickPickRow(/^Items, all/).click();
    await workbench.quickInput.fill('0');
    await workbench.quickPick.getByText('A whole number from 1').waitFor();
    await workbench.quickInput.fill('4');
    await page.keyboard.press('Enter');
    await workbench.quickPickRow(/^Forms of Asking/).click();
    await choice('base').click();
    await page.keyboard.press('Enter');
    await workbench.quickPickRow(/^Answers/).click();
    await workbench.quickPickRow(/^Otherwise/).click();
    await workbench.quickInput.fill('2');
    await page.keyboard.press('Enter');
    await workbench.quickInput.fill('0.5');
    await page.keyboard.press('Enter');
    await workbench.quickPickRow(/^Longest Answer/).click();
    await workbench.quickInput.fill('16');
    await page.keyboard.press('Enter');
    await takePicture(page, 'dark', 'evaluate-form-filled');
    await page.keyboard.press('Enter');

    await tree()
      .row(/^Evaluation of file/)
      .waitFor({ timeout: 3 * MINUTES_MS });
    const dashboard = await webviewWith(page, '.learned-view table', 3 * MINUTES_MS);
    await expect
      .poll(() => dashboard.getByRole('region', { name: 'Subjects' }).innerText(), {
        timeout: 3 * MINUTES_MS,
      })
      .toMatch(/pass@2[\s\S]*trained@0[\s\S]*azr-nano/);
    const [folder] = readdirSync(path.join(workspace, 'runs')).filter((name) =>
      name.endsWith('eval-file'),
    );
    const evaluation = path.join(workspace, 'runs', folder!);
    // The runner's own word that it has ended.
    await expect
      .poll(() => existsSync(path.join(evaluation, 'outcome.json')), { timeout: 3 * MINUTES_MS })
      .toBe(true);
    expect(readRow(evaluation, 'SELECT * FROM evaluation')).toMatchObject({
      ...{ suite: 'file', data_file: file, items: 4, answer_tokens: 16 },
      ...{ samples: 2, temperature: 0.5 },
    });
    expect(readRows(evaluation, 'SELECT DISTINCT template FROM subject')).toEqual([
      { template: 'base' },
    ]);
  },
);

test('a suite whose data are missing says from where they come', async () => {
  await workbench.runCommand('AZR: Evaluate…');
  await policies().waitFor();
  await workbench.page.keyboard.press('Enter');
  await workbench.quickPickRow(/^Suites/).click();
  await choice('Held-out tasks').click();
  await choice('CRUXEval: output and input prediction').click();
  await workbench.page.keyboard.press('Enter');
  await workbench.quickPickRow(/Fetch and Evaluate/).waitFor();
  expect((await workbench.quickPickRows())[0]).toContain('First fetches the data of cruxeval.');
  await takePicture(workbench.page, 'dark', 'evaluate-missing');
  await workbench.page.keyboard.press('Escape');
});

test('nobody was told of an error, and no page broke its rules', async () => {
  expect(await workbench.errorNotifications()).toEqual([]);
  expect(workbench.defects).toEqual([]);
});
