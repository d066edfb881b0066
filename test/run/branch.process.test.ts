/** A run that goes on from a checkpoint of another one. */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { RunReader } from '../../server/src/store/runReader.ts';
import { FaultyWorld } from './faults/faultyWorld.ts';
import { rowsOf } from './rows.ts';
import { WholeQueries } from '../store/wholeQueries.ts';

const SETTINGS = [
  ...['--seed', '11', '--set', 'seedTasks=2', '--set', 'proposalsPerMode=2', '--set', 'probe=none'],
  ...['--set', 'estimationRollouts=2', '--set', 'checkpointEverySteps=1'],
  // A rate that falls towards the last step would depend on how many steps there are.
  ...['--set', 'learningRateDecay=none'],
  ...['--set', 'checkpointsKept=1', '--set', 'checkpointsKeptEvery=2'],
];

let folder: string;
let world: FaultyWorld;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-branch-'));
  world = new FaultyWorld(folder);
  const { code } = await world.azr(start('parent', 5));
  expect(code).toBe(0);
});

afterAll(() => {
  world.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

function start(name: string, steps: number): string[] {
  return [
    'run',
    ...SETTINGS,
    '--steps',
    String(steps),
    '--model',
    world.model,
    '--directory',
    name,
  ];
}

function checkpointsOf(name: string): string[] {
  return readdirSync(path.join(folder, name, 'checkpoints')).sort();
}

test('keeps the last checkpoints and every m-th, also on disk', () => {
  expect(checkpointsOf('parent')).toEqual(['step-000002', 'step-000004', 'step-000005']);
});

test('with nothing changed but the number of steps has the rows of one long run', async () => {
  const { code } = await world.azr(start('long', 6));
  expect(code).toBe(0);
  const branch = ['run', '--branch', 'parent@2', '--steps', '6', '--directory', 'branch'];
  expect((await world.azr(branch)).code).toBe(0);
  expect(rowsOf(path.join(folder, 'branch'))).toEqual(rowsOf(path.join(folder, 'long')));

  const reader = RunReader.open(path.join(folder, 'branch', 'run.db'));
  expect(reader.branch()).toEqual({ parent: path.join(folder, 'parent'), step: 2 });
  expect(reader.information().settings).toMatchObject({ steps: 6, seed: 11 });
  // The curve has no gap: what was before the branch is there too.
  expect(reader.metricSeries('tokens.trained').map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
  const queries = new WholeQueries(reader);
  expect(
    queries.metrics({ runId: '', names: ['tokens.trained'], afterStep: -1, maximumPoints: 10 }),
  ).toMatchObject({ branchedAfter: 2, steps: [0, 1, 2, 3, 4, 5, 6] });
  reader.close();
  expect(statSync(path.join(folder, 'branch', 'run.db')).mode & 0o777).toBe(0o600);
  const parent = RunReader.open(path.join(folder, 'parent', 'run.db'));
  expect([parent.counters().lastStep, parent.branch()]).toEqual([5, undefined]);
  parent.close();
});

test('takes other settings, but none that its checkpoint does not fit', async () => {
  const branch = (name: string, ...changes: string[]) =>
    world.azr(['run', '--branch', 'parent', '--directory', name, ...changes]);
  const other = await branch('other', '--steps', '6', '--set', 'learningRate=0.01', '--seed', '3');
  expect(other.code).toBe(0);
  const reader = RunReader.open(path.join(folder, 'other', 'run.db'));
  expect(reader.branch()?.step).toBe(5);
  expect(reader.information().settings).toMatchObject({ learningRate: 0.01, seed: 3 });
  reader.close();

  const refused = async (name: string, ...changes: string[]) =>
    (await branch(name, ...changes)).events.at(-1);
  expect(await refused('a', '--steps', '6', '--set', 'trainable=lora')).toMatchObject({
    code: 'cannot-branch',
  });
  expect(await refused('b')).toMatchObject({ code: 'cannot-branch' });
  expect(await refused('d', '--steps', '6', '--set', 'probe=auto')).toMatchObject({
    code: 'cannot-branch',
    message: expect.stringContaining('held-out tasks') as string,
  });
  const gone = await world.azr(['run', '--branch', 'parent@3', '--steps', '6', '--directory', 'c']);
  expect(gone.events.at(-1)).toMatchObject({
    code: 'no-checkpoint',
    remedy: expect.stringContaining('2, 4, 5') as string,
  });
  expect(readdirSync(folder)).not.toContain('c');
});
