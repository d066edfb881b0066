/** Small things that a careless look would make huge: links to links, files of holes. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { branchRun } from '../../server/src/run/branchRun.ts';
import { findRunFolders } from '../../server/src/runs/findRunFolders.ts';
import { foreignJson } from '../../server/src/store/rows/foreignJson.ts';
import { CHECKPOINT, makeHarmlessRun, makeModel } from './harmlessRun.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-flood-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

test('a run that two hundred times two hundred links lead to is one run', async () => {
  const workspace = path.join(folder, 'workspace');
  const hub = path.join(folder, 'hub');
  mkdirSync(workspace);
  mkdirSync(hub);
  makeHarmlessRun(path.join(folder, 'run'), path.join(folder, 'model'));
  for (let link = 0; link < 200; link += 1) {
    symlinkSync(hub, path.join(workspace, `to-hub-${String(link)}`));
    symlinkSync(path.join(folder, 'run'), path.join(hub, `to-run-${String(link)}`));
  }
  const { runs } = await findRunFolders(workspace);
  expect(runs).toHaveLength(1);
});

test('a workspace that links to itself has its runs once', async () => {
  makeHarmlessRun(path.join(folder, 'runs', 'one'), path.join(folder, 'model'));
  symlinkSync('..', path.join(folder, 'runs', 'again'));
  symlinkSync('.', path.join(folder, 'itself'));
  const { runs } = await findRunFolders(folder);
  expect(runs.map((run) => run.folder)).toEqual([path.join(folder, 'runs', 'one')]);
});

test('a checkpoint of ten terabytes, all of them holes, is not copied', async () => {
  const model = path.join(folder, 'model');
  makeModel(model);
  const run = path.join(folder, 'run');
  makeHarmlessRun(run, model);
  truncateSync(path.join(run, 'checkpoints', CHECKPOINT, 'policy'), 1e13);
  const branching = branchRun({
    ...{ parent: run, step: undefined, changes: [{ steps: 9 }] },
    folder: path.join(folder, 'branch'),
  });
  await expect(branching).rejects.toMatchObject({ code: 'disk-full' });
});

test.each([
  ['nested beyond any use', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
  ['longer than any text of ours', `"${'x'.repeat(17 * 2 ** 20)}"`],
])('JSON that is %s is not parsed', (_, json) => {
  expect(() => foreignJson(json)).toThrow(SyntaxError);
});

test('brackets in a text are no nesting', () => {
  const text = `${'['.repeat(1000)}"\\`;
  expect(foreignJson(JSON.stringify([{ text }, text]))).toEqual([{ text }, text]);
});
