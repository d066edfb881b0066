/** Folders of new runs: each run gets its own, and one that cannot be made is said, not tried for ever. */
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { createRunFolder } from '../../server/src/runFolder/createRunFolder.ts';
import { newRunFolder } from '../../server/src/runFolder/newRunFolder.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-new-run-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

test('runs of the same second get folders of their own', () => {
  const second = new Date('2026-03-04T05:06:07.800Z');
  const runs = path.join(folder, 'a', 'runs');
  const made = [1, 2, 3].map(() => newRunFolder(runs, '/models/some model', second));
  expect(made.map((one) => path.basename(one))).toEqual([
    '2026-03-04T05-06-07-some_model',
    '2026-03-04T05-06-07-some_model-2',
    '2026-03-04T05-06-07-some_model-3',
  ]);
  expect(readdirSync(runs)).toHaveLength(3);
  for (const one of [...made, runs]) expect(statSync(one).mode & 0o777).toBe(0o700);
});

test('a file in the place of a folder is told', () => {
  const file = path.join(folder, 'file');
  writeFileSync(file, '');
  for (const wanted of [file, path.join(file, 'below')]) {
    expect(() => createRunFolder(wanted)).toThrow(
      expect.objectContaining({ code: 'folder-not-writable' }),
    );
  }
  expect(() => newRunFolder(file, 'm', new Date())).toThrow(
    expect.objectContaining({ code: 'folder-not-writable' }),
  );
});

// The kernel takes no folder there, and says that the folder above is missing.
test.skipIf(process.platform !== 'linux')('a place that takes no folder is told', () => {
  for (const wanted of ['/proc/x', '/proc/x/y']) {
    expect(() => createRunFolder(wanted)).toThrow(
      expect.objectContaining({ code: 'folder-not-writable' }),
    );
  }
});
