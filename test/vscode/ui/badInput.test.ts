/** What a person sees when something is wrong: one clear message with what to do, and nothing lost. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';

import { SqliteRunStore } from '../../../server/src/store/writer/sqliteRunStore.ts';
import { sampleInformation, sampleStep } from '../../store/sampleRun.ts';
import { launchBrowser } from '../harness/browser.ts';
import { readRow, runFolderOf } from '../harness/runDatabase.ts';
import { writeWorkspaceSettings } from '../harness/studioServer.ts';
import { pictureFailure, takePicture } from '../harness/screenshots.ts';
import { Workbench } from '../harness/workbench.ts';

const STEP_TIMEOUT_MS = 240_000;
/** The step at work has a row too; that of step 2 comes when step 1 is in run.db. */
const STEP_1_IS_STORED = /^Step 2,/;
const studio = inject('studio');
/** Small enough for a step within seconds. */
const SMALL_RUN = {
  steps: 500,
  probe: 'none',
  seedTasks: 8,
  proposalsPerMode: 4,
  solverTasksPerMode: 4,
  replayTasksPerMode: 2,
};

const workspace = path.join(studio.root, 'bad-input');
const runs = path.join(workspace, 'runs');
const runFile = path.join(workspace, 'azr.json');

let browser: Browser;
let workbench: Workbench;

beforeAll(async () => {
  mkdirSync(workspace);
  writeWorkspaceSettings(workspace, { 'azr.pythonPath': '/no/such/python' });
  browser = await launchBrowser();
  workbench = await Workbench.open(browser, studio, workspace);
});

afterEach(({ task }) => pictureFailure(workbench.page, task));

afterAll(async () => {
  await workbench.close();
  await browser.close();
});

function makeSampleRun(folder: string, change: (database: DatabaseSync) => void): void {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'run.db');
  const store = SqliteRunStore.create(file, sampleInformation());
  store.commitStep(sampleStep(0));
  store.close();
  const database = new DatabaseSync(file);
  change(database);
  database.close();
}

test('without Python, the start says what to do, and the log has it too', async () => {
  await workbench.runCommand('AZR: Start AZR Run');
  const notification = workbench.notification(/\/no\/such\/python/);
  await notification.waitFor({ timeout: 90_000 });
  await notification.getByRole('button', { name: 'Set Up Python Environment' }).waitFor();
  await takePicture(workbench.page, 'dark', 'no-python');

  await notification.getByRole('button', { name: 'Show Log' }).click();
  const logged = workbench.page.locator('.part.panel .view-line', {
    hasText: /\[error\].*\/no\/such\/python/,
  });
  await logged.first().waitFor();
  await takePicture(workbench.page, 'dark', 'log');
  await workbench.runCommand('View: Hide Panel');
  await logged.first().waitFor({ state: 'hidden' });
});

test('a corrupt, a foreign and a newer run.db each say so in the tree', async () => {
  makeSampleRun(path.join(runs, 'newer'), (database) => {
    database.exec('PRAGMA user_version = 99');
  });
  makeSampleRun(path.join(runs, 'foreign'), (database) => {
    database.exec('PRAGMA application_id = 1');
  });
  mkdirSync(path.join(runs, 'corrupt'));
  writeFileSync(path.join(runs, 'corrupt', 'run.db'), 'This is no database. '.repeat(500));
  await workbench.openContainer('AZR');
  const tree = workbench.tree('Runs');
  for (const name of ['corrupt', 'foreign', 'newer']) {
    await tree.row(new RegExp(`^${name}.*cannot be read`)).waitFor({ timeout: 60_000 });
    await tree.expand(new RegExp(`^${name}`));
  }
  await tree.row(/newer AZR Studio/).waitFor();
  const noDatabase = (row: string) => row.startsWith('run.db is not a run database.');
  await expect.poll(async () => (await tree.rows()).filter(noDatabase).length).toBe(2);
  await takePicture(workbench.page, 'dark', 'unreadable-runs');
  expect(await workbench.errorNotifications()).toEqual([]);

  rmSync(runs, { recursive: true });
  await tree.row(/cannot be read/).waitFor({ state: 'detached' });
});

test('an azr.json with errors is explained before anything starts', async () => {
  writeWorkspaceSettings(workspace, {});
  writeFileSync(runFile, '{ "stepz": 3, "seed": -1 }\n');
  await workbench.openFile('azr.json');
  await workbench.page.locator('.squiggly-warning, .squiggly-error').first().waitFor();

  await workbench.runCommand('AZR: Start AZR Run');
  await workbench.quickPickRow(/azr\.json.*Cannot be used/).waitFor({ timeout: 90_000 });
  await takePicture(workbench.page, 'dark', 'run-file-with-errors');
  await workbench.quickPickRow(/azr\.json/).click();
  await workbench.notification(/stepz/).waitFor({ timeout: 60_000 });
  await takePicture(workbench.page, 'dark', 'run-file-refused');
});

test(
  'a runner that is killed leaves a run that goes on where it was',
  { timeout: 2 * STEP_TIMEOUT_MS },
  async () => {
    writeFileSync(runFile, JSON.stringify(SMALL_RUN));
    await workbench.runCommand('AZR: Start AZR Run');
    await workbench.quickPickRow(/azr\.json/).click({ timeout: 90_000 });
    const tree = workbench.tree('Runs');
    await tree.row(STEP_1_IS_STORED).waitFor({ timeout: STEP_TIMEOUT_MS });

    const run = runFolderOf(workspace);
    const { pid } = JSON.parse(readFileSync(path.join(run, 'runner.json'), 'utf8')) as {
      pid: number;
    };
    process.kill(pid, 'SIGKILL');
    await workbench.notification(/was interrupted after step/).waitFor({ timeout: 60_000 });
    await workbench.statusItem(/AZR: interrupted/).waitFor();
    await takePicture(workbench.page, 'dark', 'interrupted');
    const steps = () => Number(readRow(run, 'SELECT max(step) AS step FROM step')['step']);
    const before = steps();
    expect(before).toBeGreaterThanOrEqual(1);

    await workbench.runCommand('AZR: Resume');
    await expect.poll(steps, { timeout: STEP_TIMEOUT_MS, interval: 500 }).toBeGreaterThan(before);
    await workbench.runCommand('AZR: Stop');
    await workbench.statusItem(/AZR: stopped/).waitFor({ timeout: STEP_TIMEOUT_MS });
  },
);

test('no page broke its content security policy', () => {
  expect(workbench.defects.filter((defect) => defect.includes('Content Security Policy'))).toEqual(
    [],
  );
});
