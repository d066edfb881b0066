/**
 * A run folder from an attacker, in the real VS Code: its name and its texts are Markdown, icons and control
 * characters, and nothing of it becomes a link, an icon or an element.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';

import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';

import { SqliteRunStore } from '../../../server/src/store/writer/sqliteRunStore.ts';
import { sampleInformation, sampleStep } from '../../store/sampleRun.ts';
import { launchBrowser } from '../harness/browser.ts';
import { pictureFailure } from '../harness/screenshots.ts';
import { Workbench } from '../harness/workbench.ts';

/** What runs when it is clicked: it would open the keyboard shortcuts. */
const LINK = '[Show details](command:workbench.action.openGlobalKeybindings)';
const TEXT = `${LINK} $(flame) <img src=x>\u202e`;
const studio = inject('studio');
const workspace = path.join(studio.root, 'hostile');
const run = path.join(workspace, 'runs', TEXT);

function writeRun(folder: string, { createdAt, model }: { createdAt?: string; model?: string }) {
  mkdirSync(folder, { recursive: true });
  const information = sampleInformation();
  const store = SqliteRunStore.create(path.join(folder, 'run.db'), {
    ...information,
    createdAt: createdAt ?? information.createdAt,
    settings: { ...information.settings, model: model ?? information.settings.model },
  });
  store.commitStep(sampleStep(0));
  store.close();
}

let browser: Browser;
let workbench: Workbench;

beforeAll(async () => {
  // The newest run is the one that the status bar tells about; of several, a command asks for one.
  writeRun(run, { createdAt: new Date().toISOString(), model: TEXT });
  writeRun(path.join(workspace, 'runs', 'another'), {});
  browser = await launchBrowser();
  workbench = await Workbench.open(browser, studio, workspace);
});

afterEach(({ task }) => pictureFailure(workbench.page, task));

afterAll(async () => {
  await workbench.close();
  await browser.close();
});

test('its name stands in the tree, its tooltip and the status bar as what it is', async () => {
  await workbench.openContainer('AZR');
  const row = workbench.tree('Runs').row(/^\[Show details\] \(command/);
  await row.waitFor({ timeout: 60_000 });
  expect(await row.innerText()).toContain('$ (flame) <img src=x>◊');
  await row.hover();
  const hover = workbench.page.locator('.monaco-hover:visible', { hasText: 'Model:' });
  await hover.waitFor();
  expect(await hover.locator('a, img, .codicon-flame').count()).toBe(0);
  await workbench.statusItem(/AZR:/).waitFor();
});

test('an error that names it has no link', async () => {
  await workbench.runCommand('AZR: Resume');
  await workbench.quickPickRow(/Show details/).click();
  const notification = workbench.notification(/Show details/);
  await notification.waitFor({ timeout: 60_000 });
  const message = notification.locator('.notification-list-item-message');
  expect(await message.innerText()).toContain('[Show details] (command:workbench');
  expect(await message.locator('a, img, .codicon').count()).toBe(0);
});

test('a choice that offers it draws no icon', async () => {
  await workbench.page.keyboard.press('Escape');
  await workbench.statusItem(/AZR:/).click();
  await workbench.quickPick.waitFor();
  expect(await workbench.quickPick.locator('.codicon-flame').count()).toBe(0);
  expect(await workbench.quickInput.getAttribute('placeholder')).toContain('[Show details] (');
  await workbench.page.keyboard.press('Escape');
});
