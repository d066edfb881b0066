/**
 * The story of DESIGN §1, told in the real VS Code with the real loop and the embedded model: every
 * test goes on where the one before it ended.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import type { Browser, FrameLocator } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';

import { launchBrowser } from '../harness/browser.ts';
import { processesMentioning } from '../harness/processes.ts';
import { readRow, readRows, runFolderOf } from '../harness/runDatabase.ts';
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

const STEP_TIMEOUT_MS = 240_000;
const studio = inject('studio');
const workspace = path.join(studio.root, 'story');
/** A row of the tree that is a task with a solve rate. */
const MEASURED_TASK = /, \d+ %$/;

let browser: Browser;
let workbench: Workbench;
/** Id of the task that the story opens, and of the answer to it. */
let taskId = 0;
let answerId = 0;

beforeAll(async () => {
  mkdirSync(workspace);
  browser = await launchBrowser();
  workbench = await Workbench.open(browser, studio, workspace);
});

/** Where one test fails, those after it have nothing to go on from. */
let hasFailed = false;

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

describe('a run', () => {
  test(
    'starts from the palette, and its tasks stream into the tree',
    { timeout: STEP_TIMEOUT_MS },
    async () => {
      await workbench.runCommand('AZR: Start AZR Run');
      await workbench.quickPickRow(/azr-nano/).waitFor({ timeout: 60_000 });
      await takePicture(workbench.page, 'dark', 'start-pick');
      await workbench.quickPickRow(/azr-nano/).click();

      // It shows when its engine is there and the held-out tasks are looked through.
      await tree()
        .row(/^azr-nano/)
        .waitFor({ timeout: STEP_TIMEOUT_MS });
      // A task is there before its step is stored.
      await tree()
        .row(/, (deduction|abduction)$/)
        .waitFor({ timeout: STEP_TIMEOUT_MS });
      await takePicture(workbench.page, 'dark', 'tasks-at-work');
      await tree()
        .row(/^Step 0, seeding/)
        .waitFor({ timeout: STEP_TIMEOUT_MS });
      await takePicture(workbench.page, 'dark', 'first-tasks');
      // Before the first step is stored, all held-out tasks are asked.
      await tree()
        .row(/^proposer · deduction/)
        .waitFor({ timeout: STEP_TIMEOUT_MS });
      await tree()
        .row(/^Step 1,/)
        .waitFor({ timeout: STEP_TIMEOUT_MS });
      await workbench.statusItem(/AZR: step \d+\/200/).waitFor();
    },
  );

  // It waits until its views have been looked at, and leaves the processor to them.
  test('pauses after its step', { timeout: STEP_TIMEOUT_MS }, async () => {
    await workbench.runCommand('AZR: Pause after Step');
    await workbench.statusItem(/AZR: paused/).waitFor({ timeout: STEP_TIMEOUT_MS });
    const paused = lastStep();
    expect(paused).toBeGreaterThan(0);
    await workbench.page.waitForTimeout(3000);
    expect(lastStep()).toBe(paused);
  });

  test('shows a task as code', async () => {
    await tree().expand(/^Step 1,/);
    await tree().expand(/^proposer · deduction/);
    await tree().row(MEASURED_TASK).waitFor();
    await tree().row(MEASURED_TASK).click();

    await workbench.tab(/^task-\d+\.py/).waitFor();
    taskId = Number(/task-(\d+)/.exec(await workbench.activeTab.innerText())?.[1]);
    await workbench.lens('Run in sandbox').waitFor();
    const task = readRow(
      runFolderOf(workspace),
      'SELECT program, solve_rate FROM task WHERE id = ?',
      taskId,
    );
    const text = await workbench.editorText();
    expect(text).toContain(String(task['program']).trimEnd());
    expect(text).toMatch(/^# Deduction: /);
    const solveRate = Number(task['solve_rate']);
    expect(text).toContain(`Solved ${String(solveRate * 4)} of 4 times`);
  });

  test('reruns the task from its lens', async () => {
    await workbench.lens('Run in sandbox').click();

    await workbench.lens('as stored').waitFor({ timeout: 60_000 });
    expect(await workbench.editorText()).toMatch(/✓ /);
  });

  test('shows what an edited copy gives, beside the stored value', async () => {
    await workbench.lens('Open in scratch file').click();
    await workbench.tab(/\.azr\.py/).waitFor();
    await workbench.lens('Run in sandbox').waitFor();

    const lines = (await workbench.editorText()).split('\n');
    await workbench.editor.locator('.view-line').first().click();
    await workbench.page.keyboard.press('Control+Home');
    for (let line = lines.findIndex((text) => text.startsWith('def f(')); line > 0; line -= 1) {
      await workbench.page.keyboard.press('ArrowDown');
    }
    await workbench.page.keyboard.press('End');
    await workbench.page.keyboard.press('Enter');
    await workbench.page.keyboard.type("return 'edited'");
    await workbench.lens('Run in sandbox').click();

    await expect
      .poll(() => workbench.editorText(), { timeout: 60_000 })
      .toMatch(/✗ 'edited' \(stored: /);
  });

  test('opens an answer of the solver and judges it again', async () => {
    await workbench.tab(/^task-\d+\.py/).click();
    await workbench.lens('Solver answers').click();
    const rows = await workbench.quickPickRows();
    // As many again where the starting model was asked too; its answers are newer.
    expect(rows.length).toBeGreaterThanOrEqual(8);
    await takePicture(workbench.page, 'dark', 'solver-answers');
    await workbench.page.keyboard.press('ArrowUp');
    await workbench.page.keyboard.press('Enter');

    await workbench.tab(/^answer-\d+\.py/).waitFor();
    answerId = Number(/answer-(\d+)/.exec(await workbench.activeTab.innerText())?.[1]);
    const { verdict, task_id } = readRow(
      runFolderOf(workspace),
      'SELECT verdict, task_id FROM rollout WHERE id = ?',
      answerId,
    );
    expect(task_id).toBe(taskId);
    await workbench.lens('Run in sandbox').click();
    await expect
      .poll(() => workbench.editorText(), { timeout: 60_000 })
      .toMatch(new RegExp(`now [✓✗] ${String(verdict)}`));
  });
});

/** What the stepper says about one stage. */
async function readStage(page: FrameLocator) {
  const title = await page.locator('.stage h2').innerText();
  const [, position, count] = /(\d+) of (\d+)/.exec(title) ?? [];
  const result = page.locator('.formula-line.result .formula-right');
  return {
    title: title.replace(/\s*\d+ of \d+$/, '').trim(),
    position: Number(position),
    count: Number(count),
    result: (await result.count()) > 0 ? await result.innerText() : undefined,
  };
}

/** Three significant digits and a minus sign that is one, as the stepper writes numbers. */
function shown(value: unknown): string {
  const text = String(Number(Math.abs(Number(value)).toPrecision(3)));
  return Number(value) < 0 ? `−${text}` : text;
}

describe('the rewards', () => {
  test('are told stage by stage with the keyboard, in the numbers of run.db', async () => {
    await workbench.lens('Rewards').click();
    const page = await webviewWith(workbench.page, '.rewards .stage', 60_000);
    await takePicture(workbench.page, 'dark', 'rewards-first');
    await page.locator('body').click();

    const stages = [await readStage(page)];
    const { count } = stages[0]!;
    for (let position = 2; position <= count; position += 1) {
      await workbench.page.keyboard.press('ArrowRight');
      await page.locator('.stage-position', { hasText: `${String(position)} of` }).waitFor();
      stages.push(await readStage(page));
    }
    expect(stages.map(({ position }) => position)).toEqual(stages.map((_, index) => index + 1));

    const stored = readRow(
      runFolderOf(workspace),
      'SELECT reward, advantage, role, mode, step FROM rollout WHERE id = ?',
      answerId,
    );
    const resultOf = (title: string) => stages.find((stage) => stage.title === title)?.result;
    expect(resultOf('Composite reward')).toBe(shown(stored['reward']));
    expect(resultOf('Advantage')).toBe(shown(stored['advantage']));
    await takePicture(workbench.page, 'dark', 'rewards-tokens');

    await workbench.page.keyboard.press('Home');
    await page.locator('.stage-position', { hasText: '1 of' }).waitFor();
    await workbench.page.keyboard.press('End');
    await page.locator('.stage-position', { hasText: `${String(count)} of` }).waitFor();
  });
});

describe('the dashboard', () => {
  test('draws the curves, and agrees with run.db', async () => {
    await workbench.runCommand('AZR: Open Dashboard');
    const page = await webviewWith(workbench.page, '.uplot', 60_000);

    await expect.poll(() => page.locator('.uplot').count()).toBeGreaterThanOrEqual(9);
    const { count } = readRow(
      runFolderOf(workspace),
      "SELECT count(*) AS count FROM task WHERE origin <> 'held-out'",
    );
    const line = page.locator('.run-line').first();
    await expect
      .poll(async () =>
        Number(/Tasks\s*([\d\s]+)/.exec(await line.innerText())?.[1]?.replaceAll(/\s/g, '')),
      )
      .toBeGreaterThanOrEqual(Number(count));
    // The held-out tasks were asked before training, and nothing is claimed of them yet.
    const learned = page.getByRole('region', { name: 'What was learned' });
    await expect.poll(() => learned.innerText()).toContain('Too early to say');
    await takePicture(workbench.page, 'dark', 'dashboard');
  });
});

/** What the window had open before it was reloaded, and has again. */
async function expectPanelsAndDocuments(): Promise<void> {
  await workbench.tab('AZR Dashboard').waitFor();
  await workbench.tab(/^answer-\d+\.py/).waitFor();
  const dashboard = await webviewWith(workbench.page, '.uplot', 60_000);
  await expect.poll(() => dashboard.locator('.uplot').count()).toBeGreaterThanOrEqual(9);
  const rewards = await webviewWith(workbench.page, '.rewards .stage', 60_000);
  expect((await readStage(rewards)).title).toBe('Tokens');
}

/** The newest step in run.db. */
function lastStep(): number {
  return Number(readRow(runFolderOf(workspace), 'SELECT max(step) AS step FROM step')['step']);
}

function timesOf(step: number): { readonly startedAt: number; readonly endedAt: number } {
  const query = 'SELECT started_at, duration_ms FROM step WHERE step = ?';
  const row = readRow(runFolderOf(workspace), query, step);
  const startedAt = Date.parse(String(row['started_at']));
  return { startedAt, endedAt: startedAt + Number(row['duration_ms']) };
}

/** Process, time of its start, port and token of the runner. */
function runnerAddress(): unknown {
  return JSON.parse(readFileSync(path.join(runFolderOf(workspace), 'runner.json'), 'utf8'));
}

/** One runner did all steps; they count from 0, proposals and tasks from 1, and no task is there twice. */
function expectNothingMissingOrTwice(): void {
  const run = runFolderOf(workspace);
  expect(readRow(run, 'SELECT count(*) AS sessions FROM session')).toEqual({ sessions: 1 });
  const counted = (table: string, column: string) => {
    const found = readRows(run, `SELECT ${column} AS number FROM ${table} ORDER BY ${column}`);
    return found.map(({ number }) => Number(number));
  };
  const steps = counted('step', 'step');
  expect(steps).toEqual(steps.map((_, index) => index));
  for (const table of ['task', 'proposal', 'rollout']) {
    const identifiers = counted(table, 'id');
    expect(identifiers).toEqual(identifiers.map((_, index) => index + 1));
  }
  const twice =
    'SELECT mode, program, examples FROM task GROUP BY mode, program, examples HAVING count(*) > 1';
  expect(readRows(run, twice)).toEqual([]);
}

/** The tree has every stored step once, the newest first, and in `step` every proposal and task. */
async function expectInTree(step: number): Promise<void> {
  const numbers = async () =>
    (await tree().rows()).flatMap(
      (row) => /^Step (\d+), .*(?:solved|new task)/.exec(row)?.[1] ?? [],
    );
  const missing = async () => {
    const shown = await numbers();
    const stored = Array.from({ length: lastStep() + 1 }, (_, index) => String(index)).toReversed();
    return shown.join() === stored.join() ? undefined : { shown, stored };
  };
  await expect.poll(missing).toBeUndefined();

  const run = runFolderOf(workspace);
  const { proposals, tasks } = readRow(
    run,
    `SELECT count(*) AS proposals, count(task_id) AS tasks FROM proposal
     WHERE step = ? AND mode = 'deduction'`,
    step,
  );
  await tree().expand(new RegExp(`^Step ${String(step)}, .*new task`));
  await tree()
    .row(`proposer · deduction, ${String(tasks)}/${String(proposals)} valid`)
    .waitFor();
  await tree().expand(/^proposer · deduction/);
  await expect.poll(() => tree().rowsAtLevel(4)).toHaveLength(Number(proposals));
}

describe('a run under way', () => {
  const patience = { timeout: STEP_TIMEOUT_MS, interval: 500 };

  test(
    'goes on in the middle of its step when the window is reloaded, which finds it again',
    { timeout: STEP_TIMEOUT_MS },
    async () => {
      const before = runnerAddress();
      const step = lastStep() + 1;
      await expect.poll(() => workbench.remembersPanel('azr.dashboard')).toBe(true);
      await workbench.runCommand('AZR: Resume');
      // Its proposals are judged, and its answers, rewards and update are still to come.
      await tree()
        .row(new RegExp(`^Step ${String(step)}, estimating`))
        .waitFor({ timeout: STEP_TIMEOUT_MS });
      const reloadedAt = Date.now();
      await workbench.reload();

      await tree()
        .row(/^azr-nano.*step \d+\/200/)
        .waitFor({ timeout: 60_000 });
      await workbench.statusItem(/AZR: step/).waitFor();
      // The step that began before the window did.
      await tree()
        .row(new RegExp(`^Step ${String(step)}, `))
        .waitFor();
      await expectPanelsAndDocuments();
      await takePicture(workbench.page, 'dark', 'reloaded-in-a-step');

      await expect.poll(lastStep, patience).toBeGreaterThanOrEqual(step);
      const { startedAt, endedAt } = timesOf(step);
      expect(reloadedAt).toBeGreaterThan(startedAt);
      expect(reloadedAt).toBeLessThan(endedAt);
      expect(runnerAddress()).toEqual(before);
      expectNothingMissingOrTwice();
      await expectInTree(step);
      expect(await workbench.errorNotifications()).toEqual([]);
    },
  );

  test(
    'goes on when its window is closed, and another window finds it',
    { timeout: 2 * STEP_TIMEOUT_MS },
    async () => {
      await workbench.leave();
      const left = lastStep();
      await expect.poll(lastStep, patience).toBeGreaterThan(left);

      const other = await Workbench.open(browser, studio, workspace);
      try {
        await other.openContainer('AZR');
        await other
          .tree('Runs')
          .row(/^azr-nano/)
          .waitFor({ timeout: 60_000 });
        await other.statusItem(/AZR: step/).waitFor({ timeout: 60_000 });
        const found = lastStep();
        await other.runCommand('AZR: Stop');
        // It stops after its step.
        await other.statusItem(/AZR: stopped/).waitFor({ timeout: STEP_TIMEOUT_MS });
        expect(lastStep()).toBeGreaterThan(found);
        expect(other.defects).toEqual([]);
      } finally {
        await other.close();
      }
      await workbench.comeBack();
      await workbench.openContainer('AZR');
    },
  );

  test('stopped there, it is stopped here too, everything is found again, and no process of it is left', async () => {
    await workbench.statusItem(/AZR: stopped/).waitFor({ timeout: 60_000 });
    await tree()
      .row(/^azr-nano.*stopped/)
      .waitFor({ timeout: 60_000 });
    await expectPanelsAndDocuments();

    const run = runFolderOf(workspace);
    await expect.poll(() => processesMentioning(run), { timeout: 30_000 }).toEqual([]);
    const steps = readRows(run, 'SELECT step FROM step ORDER BY step').map(({ step }) => step);
    expect(steps).toEqual(steps.map((_, index) => index));
  });
});

describe('every view in every kind of theme', () => {
  // The pages themselves are tried in high-contrast-light too, by test/webview.
  test.each((Object.keys(THEMES) as ThemeName[]).filter((name) => name !== 'high-contrast-light'))(
    '%s',
    { timeout: STEP_TIMEOUT_MS },
    async (theme) => {
      writeWorkspaceSettings(workspace, { 'workbench.colorTheme': THEMES[theme] });
      const { page } = workbench;
      await page.locator(`.monaco-workbench.${THEME_CLASSES[theme]}`).waitFor();

      await workbench.tab('AZR Dashboard').click();
      const dashboard = await webviewWith(page, '.run-line');
      for (const name of [
        'Curves',
        'Learned',
        'Skills',
        'Curriculum',
        'Proposals and Rollouts',
        'Configuration',
      ]) {
        await dashboard.getByRole('tab', { name }).click();
        await page.waitForTimeout(1200);
        await takePicture(page, theme, `dashboard-${name.toLowerCase().replaceAll(' ', '-')}`);
      }
      await dashboard.getByRole('tab', { name: 'Curves' }).click();

      await workbench.tab(/^answer-\d+\.py/).click();
      await workbench.lens('Run in sandbox').waitFor();
      const rewards = await webviewWith(page, '.rewards .stage');
      const dots = rewards.locator('.dot');
      // Each stage has its picture in one theme; test/webview measures the colours of all in each.
      const stages = theme === 'dark' ? await dots.count() : 1;
      for (let index = 0; index < stages; index += 1) {
        await dots.nth(index).click();
        await page.waitForTimeout(250);
        await takePicture(page, theme, `rewards-${String(index + 1).padStart(2, '0')}`);
      }
    },
  );
});

test('nobody was told of an error, and no page broke its rules', async () => {
  writeWorkspaceSettings(workspace, { 'workbench.colorTheme': THEMES.dark });
  expect(await workbench.errorNotifications()).toEqual([]);
  expect(workbench.defects).toEqual([]);
});
