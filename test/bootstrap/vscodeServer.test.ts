/** VS Code for the browser: installed once, whole or not at all, and also where there is no compiler. */
import { existsSync } from 'node:fs';
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
    node: process.execPath,
    signal: new AbortController().signal,
    onLine: () => undefined,
  };
}

test('it is installed with the packages that it ships, and found from then on', async () => {
  const layout = layoutOf(clone.root);
  expect(findVscodeServer(layout)).toBeUndefined();

  await installVscodeServer(layout, options());

  expect(findVscodeServer(layout)).toEqual({
    entry: path.join(layout.vscode, 'node_modules/code-server/out/node/entry.js'),
    hasOutputChannels: true,
  });
  expect(clone.calls()).toEqual(['npm ci', 'npm install', 'npm install', 'npm rebuild']);
});

test('without a compiler it works, but for its output channels', async () => {
  const layout = layoutOf(clone.root);
  clone.installFakes({ compiler: 'absent' });

  await installVscodeServer(layout, options());

  expect(findVscodeServer(layout)?.hasOutputChannels).toBe(false);
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
