/** What a person sees when something is wrong: one clear message with what to do, and nothing lost. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';

import { SqliteRunStore } from '../../../server/src/store/sqliteRunStore.ts';
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

let browser: Browser;
let workbench: Workbench | undefined;

beforeAll(async () => {
  browser = await launchBrowser();
});

afterEach(({ task }) => pictureFailure(workbench?.page, task));

afterAll(async () => {
  await workbench?.close();
  await browser.close();
});

/** Opens a fresh workspace; the one before is closed. */
async function openWorkspace(name: string, fill: (folder: string) => void): Promise<Workbench> {
  await workbench?.close();
  const folder = path.join(studio.root, name);
  mkdirSync(folder);
  fill(folder);
  workbench = await Workbench.open(browser, studio, folder);
  return workbench;
}

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

test('a corrupt, a foreign and a newer run.db each say so in the tree', async () => {
  const bench = await openWorkspace('unreadable', (folder) => {
    const runs = path.join(folder, 'runs');
    makeSampleRun(path.join(runs, 'newer'), (database) => {
      database.exec('PRAGMA user_version = 99');
    });
    makeSampleRun(path.join(runs, 'foreign'), (database) => {
      database.exec('PRAGMA application_id = 1');
    });
    mkdirSync(path.join(runs, 'corrupt'));
    writeFileSync(path.join(runs, 'corrupt', 'run.db'), 'This is no database. '.repeat(500));
  });
  await bench.openContainer('AZR');
  const tree = bench.tree('Runs');
  for (const name of ['corrupt', 'foreign', 'newer']) {
    await tree.row(new RegExp(`^${name}.*cannot be read`)).waitFor({ timeout: 60_000 });
    await tree.expand(new RegExp(`^${name}`));
  }
  await tree.row(/newer AZR Studio/).waitFor();
  const noDatabase = (row: string) => row.startsWith('run.db is no run database.');
  await expect.poll(async () => (await tree.rows()).filter(noDatabase).length).toBe(2);
  await takePicture(bench.page, 'dark', 'unreadable-runs');
  expect(await bench.errorNotifications()).toEqual([]);
});

test('an azr.json with errors is explained before anything starts', async () => {
  const bench = await openWorkspace('run-file', (folder) => {
    writeFileSync(path.join(folder, 'azr.json'), '{ "stepz": 3, "seed": -1 }\n');
  });
  await bench.openFile('azr.json');
  await bench.page.locator('.squiggly-warning, .squiggly-error').first().waitFor();

  await bench.runCommand('AZR: Start AZR Run');
  await bench.quickPickRow(/azr\.json.*Cannot be used/).waitFor({ timeout: 90_000 });
  await takePicture(bench.page, 'dark', 'run-file-with-errors');
  await bench.quickPickRow(/azr\.json/).click();
  await bench.notification(/stepz/).waitFor({ timeout: 60_000 });
  await takePicture(bench.page, 'dark', 'run-file-refused');
});

test('without Python, the start says what to do', async () => {
  const bench = await openWorkspace('no-python', (folder) => {
    writeWorkspaceSettings(folder, { 'azr.pythonPath': '/no/such/python' });
  });
  await bench.runCommand('AZR: Start AZR Run');
  const notification = bench.notification(/\/no\/such\/python/);
  await notification.waitFor({ timeout: 90_000 });
  await notification.getByRole('button', { name: 'Set Up Python Environment' }).waitFor();
  await takePicture(bench.page, 'dark', 'no-python');

  // What is told is in the log too.
  await notification.getByRole('button', { name: 'Show Log' }).click();
  const logged = bench.page.locator('.part.panel .view-line', {
    hasText: /\[error\].*\/no\/such\/python/,
  });
  await logged.first().waitFor();
});

test(
  'a runner that is killed leaves a run that goes on where it was',
  { timeout: 2 * STEP_TIMEOUT_MS },
  async () => {
    const bench = await openWorkspace('killed', (folder) => {
      writeFileSync(path.join(folder, 'azr.json'), JSON.stringify(SMALL_RUN));
    });
    await bench.runCommand('AZR: Start AZR Run');
    await bench.quickPickRow(/azr\.json/).click({ timeout: 90_000 });
    const tree = bench.tree('Runs');
    await tree.row(STEP_1_IS_STORED).waitFor({ timeout: STEP_TIMEOUT_MS });

    const run = runFolderOf(path.join(studio.root, 'killed'));
    const { pid } = JSON.parse(readFileSync(path.join(run, 'runner.json'), 'utf8')) as {
      pid: number;
    };
    process.kill(pid, 'SIGKILL');
    await bench.notification(/was interrupted after step/).waitFor({ timeout: 60_000 });
    await bench.statusItem(/AZR: interrupted/).waitFor();
    await takePicture(bench.page, 'dark', 'interrupted');
    const steps = () => Number(readRow(run, 'SELECT max(step) AS step FROM step')['step']);
    const before = steps();
    expect(before).toBeGreaterThanOrEqual(1);

    await bench.runCommand('AZR: Resume');
    await expect.poll(steps, { timeout: STEP_TIMEOUT_MS, interval: 500 }).toBeGreaterThan(before);
    await bench.runCommand('AZR: Stop');
    await bench.statusItem(/AZR: stopped/).waitFor({ timeout: STEP_TIMEOUT_MS });
  },
);

test('no page broke its content security policy', () => {
  expect(workbench?.defects.filter((defect) => defect.includes('Content Security Policy'))).toEqual(
    [],
  );
});
