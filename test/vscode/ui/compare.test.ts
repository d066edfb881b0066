/** Held-out tasks are run from the Test Explorer, and a run's checkpoint is compared with its start. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { execa } from 'execa';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest';

import { launchBrowser } from '../harness/browser.ts';
import { pictureFailure, takePicture } from '../harness/screenshots.ts';
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

const tests = () => workbench.page.locator('.test-explorer');
const testRow = (name: string | RegExp) => tests().getByRole('treeitem', { name }).first();

test('held-out tasks of a run are listed when the Test Explorer is opened', async () => {
  await workbench.openContainer('Testing');
  await testRow(/trained/).waitFor({ timeout: MINUTES_MS });
  await takePicture(workbench.page, 'dark', 'tests-listed');
  await testRow(/trained/)
    .locator('.monaco-tl-twistie')
    .click();
  await testRow(/deduction/).waitFor();
  await testRow(/deduction/)
    .locator('.monaco-tl-twistie')
    .click();
  await workbench.page.waitForTimeout(1000);
  await takePicture(workbench.page, 'dark', 'tests-expanded');
  process.stdout.write(
    `${JSON.stringify(
      await tests()
        .getByRole('treeitem')
        .evaluateAll((rows: readonly { getAttribute(name: string): string | null }[]) =>
          rows.map((row) => row.getAttribute('aria-label')),
        ),
    )}\n`,
  );
  expect(await tests().getByRole('treeitem').count()).toBeGreaterThan(3);
});

test(
  'a mode is run by one evaluation, and a miss shows what was expected',
  { timeout: 5 * MINUTES_MS },
  async () => {
    await testRow(/deduction/).click();
    await workbench.page.keyboard.press('Control+Enter');
    await testRow(/deduction/).hover();
    await testRow(/deduction/)
      .locator('.codicon-testing-run-icon')
      .click();
    await testRow(/deduction.*(Passed|Failed)/i).waitFor({ timeout: 3 * MINUTES_MS });
    await takePicture(workbench.page, 'dark', 'tests-run');
    process.stdout.write(
      `${JSON.stringify(
        await tests()
          .getByRole('treeitem')
          .evaluateAll((rows: readonly { getAttribute(name: string): string | null }[]) =>
            rows.map((row) => row.getAttribute('aria-label')),
          ),
      )}\n`,
    );
  },
);
