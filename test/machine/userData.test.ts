/** A user without a home folder, as in a container under a number that it does not know. */
import path from 'node:path';

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { demoRun } from '../../server/src/runs/demoRun.ts';
import { enginePython, userEnvironment } from '../../server/src/machine/enginePython.ts';
import { knownModels, namedModelFolder } from '../../server/src/machine/models/namedModel.ts';
import { userData } from '../../server/src/machine/userData.ts';
import { userCache } from '../../server/src/files/userCache.ts';

const FOLDERS = ['XDG_DATA_HOME', 'XDG_CACHE_HOME', 'LOCALAPPDATA', 'HF_HOME', 'HF_HUB_CACHE'];

beforeEach(() => {
  // Node gives out what HOME says, and no user lives in an empty one.
  for (const name of ['HOME', 'USERPROFILE']) vi.stubEnv(name, '');
  for (const name of [...FOLDERS, 'AZR_PYTHON']) vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

test('has no folders of its own, and does without', () => {
  expect(userData()).toBeUndefined();
  expect(userCache('sandbox')).toBeUndefined();
  expect(enginePython('/nowhere')).toMatch(/^python3?$/);
  expect(knownModels()).toEqual([]);
  expect(namedModelFolder('smollm2-135m')).toBeUndefined();
  expect(namedModelFolder('tiny/model')).toBeUndefined();
});

test('is told what to do where a folder is needed', () => {
  for (const needing of [userEnvironment, demoRun]) {
    expect(needing).toThrow(
      expect.objectContaining({
        code: 'no-home',
        remedy: expect.stringContaining('HOME') as string,
      }),
    );
  }
});

test.skipIf(process.platform !== 'linux')('or names the folders itself', () => {
  vi.stubEnv('XDG_DATA_HOME', '/data');
  expect(userData()).toBe('/data/azr-studio');
  expect(userEnvironment()).toBe(path.join('/data/azr-studio', 'python'));
});
