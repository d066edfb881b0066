/** What a person can look at who has no model, no GPU and no time: the recorded run, played in all views. */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';

import { launchBrowser } from '../harness/browser.ts';
import { pictureFailure, takePicture } from '../harness/screenshots.ts';
import { webviewWith } from '../harness/webviewPage.ts';
import { Workbench } from '../harness/workbench.ts';

const studio = inject('studio');
const workspace = path.join(studio.root, 'replay');
const KEY = 'key-of-nobody-4711';

let browser: Browser;
let workbench: Workbench;

beforeAll(async () => {
  mkdirSync(workspace);
  browser = await launchBrowser();
  workbench = await Workbench.open(browser, studio, workspace);
});

afterEach(({ task }) => pictureFailure(workbench.page, task));

afterAll(async () => {
  await workbench.close();
  await browser.close();
});

const tree = () => workbench.tree('Runs');

test('the recorded run is played into the tree, and its tasks open and run', async () => {
  await workbench.runCommand('AZR: Play Recorded Run');
  // The step at work has a row too; that of step 2 comes when step 1 is in run.db.
  await tree()
    .row(/^Step 2,/)
    .waitFor({ timeout: 60_000 });
  await workbench.statusItem(/AZR: step \d+\/\d+/).waitFor();
  await workbench.runCommand('AZR: Pause after Step');
  await workbench.statusItem(/AZR: paused/).waitFor({ timeout: 60_000 });

  await tree().expand(/^Step 1,/);
  await tree().expand(/^proposer · deduction/);
  await tree()
    .row(/, \d+ %$/)
    .click();
  await workbench.lens('Run in sandbox').click();
  await workbench.lens('as stored').waitFor({ timeout: 60_000 });
  await takePicture(workbench.page, 'dark', 'replay');

  await workbench.runCommand('AZR: Stop');
  await workbench.statusItem(/AZR: stopped/).waitFor({ timeout: 60_000 });
});

test('a run is played again at the speed that is chosen, to its last step', async () => {
  await workbench.runCommand('AZR: Replay Run');
  await workbench.quickPickRow('As fast as possible').click();

  await tree()
    .row(/finished/)
    .waitFor({ timeout: 60_000 });
  await workbench.runCommand('AZR: Open Dashboard');
  const page = await webviewWith(workbench.page, '.uplot', 60_000);
  await expect.poll(() => page.locator('.uplot').count()).toBeGreaterThanOrEqual(9);
});

test('the key of an engine is asked for, stored, and shown to nobody', async () => {
  await workbench.runCommand('AZR: Set Engine Key');
  const field = workbench.quickInput;
  await field.fill('http://127.0.0.1:8000');
  await workbench.page.keyboard.press('Enter');
  const secret = workbench.quickPick.locator('input[type=password]');
  await secret.fill(KEY);
  await workbench.page.keyboard.press('Enter');
  await workbench.statusItem('The key for http://127.0.0.1:8000 is stored').waitFor();

  // Neither a log nor a file of settings or state has it in plain text.
  expect(filesWith(KEY, path.join(studio.root, 'vscode'))).toEqual([]);
  expect(filesWith(KEY, workspace)).toEqual([]);
});

test('nobody was told of an error, and no page broke its rules', async () => {
  expect(await workbench.errorNotifications()).toEqual([]);
  expect(workbench.defects).toEqual([]);
});

function filesWith(text: string, folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => readFileSync(file).includes(text));
}
