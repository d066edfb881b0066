/**
 * The real VS Code behind its gate, in Chromium: who signs in by the link is let in and stays so; a server on
 * another port, another browser and a folder of somebody else get nothing by it.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { layoutOf } from '../../scripts/bootstrap/layout.mjs';
import { findVscodeNode } from '../../scripts/bootstrap/nodeRuntime.mjs';
import { findVscodeServer } from '../../scripts/bootstrap/vscodeServer.mjs';
import { type CodeServer, startCodeServer } from '../../scripts/studio/codeServer.mjs';
import { freePort } from '../../scripts/studio/freePort.mjs';
import { signInFileIn } from '../../scripts/studio/signInFile.mjs';
import { openStudioGate, type StudioGate } from '../../scripts/studio/studioGate.mjs';
import { launchBrowser } from '../vscode/harness/browser.ts';

const PROJECT = path.resolve(import.meta.dirname, '../..');
const WORKBENCH_TIMEOUT_MS = 90_000;

let root: string;
let dataFolder: string;
let server: CodeServer;
let gate: StudioGate;
let stranger: Server;
let heardByStranger: string[];
let browser: Browser;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  root = mkdtempSync(path.join(tmpdir(), 'azr-gate-'));
  dataFolder = path.join(root, 'vscode');
  for (const name of ['demo folder', 'foreign']) mkdirSync(path.join(root, name));
  const layout = layoutOf(PROJECT);
  const [node, entry] = [findVscodeNode(layout), findVscodeServer(layout)];
  if (node === undefined || entry === undefined) throw new Error('VS Code is not set up here.');
  const environment = { HOME: root };
  server = await startCodeServer(
    { node, entry, dataFolder },
    { port: await freePort(), environment },
  );
  const folder = path.join(root, 'demo folder');
  gate = await openStudioGate({
    ...{ server, port: await freePort(), folder },
    trustedFolder: decodeURIComponent(pathToFileURL(folder).pathname),
  });
  heardByStranger = [];
  stranger = createServer((request, response) => {
    heardByStranger.push(request.headers.cookie ?? '');
    response.setHeader('Content-Type', 'text/html').end('<title>stranger</title>');
  });
  const port = await freePort();
  await new Promise<void>((resolve) => stranger.listen(port, '127.0.0.1', resolve));
  browser = await launchBrowser();
  context = await browser.newContext();
  page = await context.newPage();
  page.setDefaultTimeout(WORKBENCH_TIMEOUT_MS);
});

afterAll(async () => {
  await page.close();
  await browser.close();
  stranger.closeAllConnections();
  stranger.close();
  await gate.close();
  await server.stop();
  rmSync(root, { recursive: true, force: true, maxRetries: 5 });
});

/** Resolves when the window of a folder is drawn and connected. */
async function untilOpen(folder: string): Promise<void> {
  await page.locator('.monaco-workbench').waitFor();
  await page.locator('.explorer-folders-view, .pane-body').first().waitFor();
  await page.waitForFunction(`document.title.includes(${JSON.stringify(folder)})`);
  // The entry for the remote: its text is there once the window is connected.
  await page.locator('[id="status.host"]').waitFor();
}

const restricted = () => page.locator('.statusbar-item', { hasText: 'Restricted Mode' });

test('the file leads into the demo folder, which is trusted, and a reload needs no link', async () => {
  const signInFile = signInFileIn(root);
  const link = gate.issueLink();
  signInFile.write(link);
  await page.goto(pathToFileURL(signInFile.file).href);
  await page.waitForURL((url) => url.pathname === `${gate.basePath}/`);
  await untilOpen('demo folder');
  await page.reload();
  await untilOpen('demo folder');
  // In the window of another folder it is there at once; see the next test.
  await page.waitForTimeout(2000);
  expect(await restricted().count()).toBe(0);

  const second = await browser.newContext();
  const response = await (await second.newPage()).goto(link);
  expect(response?.status()).toBe(403);
  await second.close();
});

test('another folder in the same window is not trusted before the user says so', async () => {
  await page.goto(
    `${gate.origin}${gate.basePath}/?folder=${encodeURIComponent(path.join(root, 'foreign'))}`,
  );
  await untilOpen('foreign');
  await restricted().waitFor();
});

test('a server on another port never hears the cookie', async () => {
  const address = stranger.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const visitor = await context.newPage();
  for (const place of ['/', '/sign-in/', '/login']) {
    await visitor.goto(`http://127.0.0.1:${String(port)}${place}`);
    expect(await visitor.title()).toBe('stranger');
  }
  // Its page may ask us as this browser would, and gets nothing.
  const status = await visitor.evaluate(
    `fetch(${JSON.stringify(gate.origin)}, { credentials: 'include', mode: 'no-cors' }).then(({ type }) => type)`,
  );
  expect(status).toBe('opaque');
  await visitor.close();
  expect(heardByStranger.length).toBeGreaterThanOrEqual(3);
  expect(heardByStranger.join()).not.toContain('session');
  const kept = (await context.cookies()).filter(({ name }) => name.includes('session'));
  expect(kept.map(({ path: place }) => place)).toEqual([`${gate.basePath}/`]);
});

test('everything that VS Code writes is private, and there is no password in it', () => {
  expect(statSync(dataFolder).mode & 0o777).toBe(0o700);
  const configuration = path.join(dataFolder, 'config.yaml');
  expect(statSync(configuration).mode & 0o777).toBe(0o600);
  expect(readFileSync(configuration, 'utf8')).toBe('');
  expect(readdirSync(root)).not.toContain('.config');
});
