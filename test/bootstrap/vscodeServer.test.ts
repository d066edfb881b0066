/** VS Code for the browser: installed once, whole or not at all, and without a compiler. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { findBrowser, installBrowser } from '../../scripts/bootstrap/browser.mjs';
import { layoutOf } from '../../scripts/bootstrap/layout.mjs';
import { findVscodeNode } from '../../scripts/bootstrap/nodeRuntime.mjs';
import { findVscodeServer, installVscodeServer } from '../../scripts/bootstrap/vscodeServer.mjs';
import { Clone } from './clone.ts';

let clone: Clone;

beforeEach(() => {
  clone = new Clone();
  vi.stubEnv('PATH', clone.installFakes({}));
  vi.stubEnv('npm_execpath', '');
  vi.stubEnv('AZR_CHROMIUM', undefined);
});

afterEach(() => {
  vi.unstubAllEnvs();
  clone.remove();
});

function options() {
  return {
    signal: new AbortController().signal,
    onLine: () => undefined,
  };
}

test('it is installed with the packages that it ships, and found from then on', async () => {
  const layout = layoutOf(clone.root);
  expect(findVscodeServer(layout)).toBeUndefined();

  await installVscodeServer(layout, options());

  expect(findVscodeServer(layout)).toBe(
    path.join(layout.vscode, 'node_modules/code-server/out/node/entry.js'),
  );
  expect(clone.calls()).toEqual(['npm ci', 'npm install', 'npm install']);
});

test('what would have to be compiled has its stand-in', async () => {
  const layout = layoutOf(clone.root);
  clone.write('scripts/vscode/spdlog.mjs', 'export const standsIn = "spdlog";');
  clone.write('scripts/vscode/nativeWatchdog.mjs', 'export const standsIn = "watchdog";');

  await installVscodeServer(layout, options());

  const shipped = path.join(clone.root, '.tools/vscode/node_modules/code-server/lib/vscode');
  const asVscodeLoadsIt = createRequire(path.join(shipped, 'out.js'));
  expect(asVscodeLoadsIt('@vscode/spdlog')).toMatchObject({ standsIn: 'spdlog' });
  expect(asVscodeLoadsIt('@vscode/native-watchdog')).toMatchObject({ standsIn: 'watchdog' });
});

test('what only other agents need is left out', async () => {
  const layout = layoutOf(clone.root);

  await installVscodeServer(layout, options());

  const shipped = '.tools/vscode/node_modules/code-server/lib/vscode/package.json';
  expect(JSON.parse(clone.read(shipped))).toEqual({ dependencies: { '@vscode/spdlog': '1.0.0' } });
});

test('a commit that mends a stand-in gets that one', async () => {
  const layout = layoutOf(clone.root);
  await installVscodeServer(layout, options());

  clone.write('scripts/vscode/spdlog.mjs', 'export const mended = true;');

  expect(findVscodeServer(layout)).toBeUndefined();
});

test('an installation that failed leaves the one that was there', async () => {
  const layout = layoutOf(clone.root);
  await installVscodeServer(layout, options());
  clone.installFakes({ npm: 'disk-full' });

  await expect(installVscodeServer(layout, options())).rejects.toMatchObject({ code: 'disk-full' });

  expect(findVscodeServer(layout)).toBeDefined();
});

test('one cut short is made anew', async () => {
  const layout = layoutOf(clone.root);
  clone.write('.tools/vscode.new/node_modules/half', '');

  await installVscodeServer(layout, options());

  expect(existsSync(path.join(layout.vscode, 'node_modules/half'))).toBe(false);
  expect(existsSync(`${layout.vscode}.new`)).toBe(false);
});

test('a commit that pins another VS Code gets that one', async () => {
  const layout = layoutOf(clone.root);
  await installVscodeServer(layout, options());
  const lock = clone.read('scripts/vscode/package-lock.json');

  clone.write('scripts/vscode/package-lock.json', lock.replaceAll('4.139.1', '4.140.0'));

  expect(findVscodeServer(layout)).toBeUndefined();
});

test.each([
  ['22.13.0', false],
  ['24.0.0', true],
  ['26.1.0', false],
])('a system Node %s can run it: %s', (version, can) => {
  const node = findVscodeNode(layoutOf(clone.root), version);
  expect(node).toBe(can ? process.execPath : undefined);
});

test('the browser of AZR_CHROMIUM is taken, and missed when it does not exist', async () => {
  vi.stubEnv('AZR_CHROMIUM', process.execPath);
  expect(findBrowser()).toBe(process.execPath);

  vi.stubEnv('AZR_CHROMIUM', '/no/such/browser');
  expect(findBrowser()).toBeUndefined();
  await expect(installBrowser(layoutOf(clone.root), options())).rejects.toMatchObject({
    code: 'browser-missing',
    message: expect.stringContaining('/no/such/browser') as string,
  });
});

test('without a browser and without apt-get, a person is told what to install', async () => {
  await expect(installBrowser(layoutOf(clone.root), options())).rejects.toMatchObject({
    code: 'browser-missing',
    remedy: expect.stringContaining('apt install chromium') as string,
  });
});
