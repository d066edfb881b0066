/** Which Node runs the project, and how one is got where the system's is too old. */
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { layoutOf } from '../../scripts/bootstrap/layout.mjs';
import {
  checkSetupNode,
  findNodeRuntime,
  installNodeRuntime,
} from '../../scripts/bootstrap/nodeRuntime.mjs';
import { Clone } from './clone.ts';

let clone: Clone;

beforeEach(() => {
  clone = new Clone();
  vi.stubEnv('PATH', clone.installFakes({}));
  vi.stubEnv('npm_execpath', '');
});

afterEach(() => {
  vi.unstubAllEnvs();
  clone.remove();
});

const options = { signal: new AbortController().signal, onLine: () => undefined };

test.each(['22.13.0', '22.14.1', '24.0.0', '26.1.0'])('a system Node %s is used', (version) => {
  expect(findNodeRuntime(layoutOf(clone.root), version)).toBe(process.execPath);
});

test.each(['20.20.2', '22.12.9'])('beside a system Node %s, one from npm is needed', (version) => {
  expect(findNodeRuntime(layoutOf(clone.root), version)).toBeUndefined();
});

test.skipIf(process.platform !== 'linux')(
  'npm’s Node is installed once and then found',
  async () => {
    const layout = layoutOf(clone.root);

    const installed = await installNodeRuntime(layout, options);

    expect(path.relative(layout.nodeRuntime, installed)).toMatch(
      /^node_modules\/node-linux-\w+\/bin\/node$/,
    );
    expect(findNodeRuntime(layout, '20.20.2')).toBe(installed);
  },
);

test('a commit that pins another Node gets that one', async () => {
  const layout = layoutOf(clone.root);
  await installNodeRuntime(layout, options);
  const lock = clone.read('scripts/node/package-lock.json');

  clone.write('scripts/node/package-lock.json', lock.replaceAll('24.21.0', '24.22.0'));

  expect(findNodeRuntime(layout, '20.20.2')).toBeUndefined();
});

test('an installation that failed leaves the Node that was there', async () => {
  const layout = layoutOf(clone.root);
  const installed = await installNodeRuntime(layout, options);
  clone.installFakes({ npm: 'disk-full' });

  await expect(installNodeRuntime(layout, options)).rejects.toMatchObject({ code: 'disk-full' });

  expect(findNodeRuntime(layout, '20.20.2')).toBe(installed);
});

test('a Node too old for the set-up itself is told so', () => {
  expect(() => {
    checkSetupNode('18.19.1');
  }).toThrow(expect.objectContaining({ code: 'node-too-old' }));
});
