import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { RunOverview } from '../../server/protocol/runs.ts';
import { RunCatalog } from '../../server/src/runs/runCatalog.ts';
import { runFolderAt } from '../../server/src/runFolder/runFolder.ts';
import { runIdOf } from '../../server/src/runFolder/runId.ts';
import { type RunOutcome, writeRunOutcome } from '../../server/src/runFolder/runOutcome.ts';
import { SqliteRunStore } from '../../server/src/store/writer/sqliteRunStore.ts';
import { sampleInformation, sampleStep } from '../store/sampleRun.ts';

let folder: string;
let catalogs: RunCatalog[];
let told: (readonly RunOverview[])[];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-catalog-'));
  catalogs = [];
  told = [];
});

afterEach(async () => {
  await Promise.all(catalogs.map((catalog) => catalog.dispose()));
  rmSync(folder, { recursive: true, force: true });
});

async function catalogOf(...searchFolders: string[]): Promise<RunCatalog> {
  const catalog = new RunCatalog({
    searchFolders,
    cliProgram: ['/nowhere'],
    pythonPath: '',
    engineKeys: new Map(),
    onChange: (runs) => told.push(runs),
    onEnded: () => {
      throw new Error('no runner was seen here');
    },
  });
  catalogs.push(catalog);
  await catalog.scan();
  return catalog;
}

/** A run of seven steps of which `steps` are done. */
function makeRun(name: string, steps: number, outcome?: RunOutcome): string {
  const run = runFolderAt(path.join(folder, name));
  mkdirSync(run.folder, { recursive: true });
  const store = SqliteRunStore.create(run.database, sampleInformation());
  for (let step = 0; step <= steps; step += 1) store.commitStep(sampleStep(step));
  if (outcome !== undefined) {
    if (outcome.kind !== 'failed') store.recordCheckpoint(steps, 'checkpoints/last');
    writeRunOutcome(run, outcome);
  }
  store.close();
  return run.folder;
}

function damage(name: string, text: string): void {
  mkdirSync(path.join(folder, name), { recursive: true });
  writeFileSync(path.join(folder, name, 'run.db'), text);
}

function byName(catalog: RunCatalog): Record<string, RunOverview> {
  return Object.fromEntries(catalog.overviews().map((overview) => [overview.name, overview]));
}

describe('a catalog', () => {
  test('finds runs where they usually are, and nothing below them', async () => {
    for (const place of ['direct', 'runs/first', 'runs/sweep/second', 'project/third']) {
      makeRun(place, 0);
    }
    makeRun('one/two/three/too-deep', 0);
    makeRun('node_modules/package', 0);
    makeRun('direct/checkpoints/copy', 0);
    const catalog = await catalogOf(folder, path.join(folder, 'runs', 'first'));
    expect(Object.keys(byName(catalog)).sort()).toEqual(['direct', 'first', 'second', 'third']);
  });

  test('tells how each run stands', async () => {
    makeRun('finished', 7, { kind: 'finished' });
    makeRun('stopped', 3, { kind: 'stopped' });
    makeRun('killed', 3);
    const problem = { code: 'disk-full', message: 'No space.', remedy: 'Free some.' };
    makeRun('failed', 3, { kind: 'failed', problem });
    const overviews = byName(await catalogOf(folder));
    const states = Object.entries(overviews).map(([name, { state }]) => [name, state]);
    expect(Object.fromEntries(states)).toEqual({
      finished: 'finished',
      stopped: 'stopped',
      killed: 'interrupted',
      failed: 'failed',
    });
    expect(overviews['failed']!.problem).toEqual(problem);
    expect(overviews['stopped']).toEqual({
      id: runIdOf(path.join(folder, 'stopped')),
      name: 'stopped',
      folder: path.join(folder, 'stopped'),
      state: 'stopped',
      createdAt: '2026-01-02T03:04:05.000Z',
      preset: 'studio',
      model: 'azr-nano',
      seed: 42,
      lastStep: 3,
      steps: 7,
      taskCount: 4,
      proposalCount: 8,
      sequence: 5,
      heldOutBefore: 0,
      heldOutAfter: 0.3,
    });
  });

  test('says of a damaged, a foreign and a newer database what is wrong, and still shows the others', async () => {
    makeRun('good', 1);
    makeRun('newer', 1);
    const newer = new DatabaseSync(path.join(folder, 'newer', 'run.db'));
    newer.exec('PRAGMA user_version = 99');
    newer.close();
    damage('text', 'this is no database');
    damage('empty', '');
    mkdirSync(path.join(folder, 'foreign'));
    const foreign = new DatabaseSync(path.join(folder, 'foreign', 'run.db'));
    foreign.exec('CREATE TABLE step (step INTEGER)');
    foreign.close();
    makeRun('torn', 3);
    writeFileSync(path.join(folder, 'torn', 'run.db'), Buffer.alloc(8192, 7), { flag: 'r+' });
    makeRun('hollow', 1);
    const hollow = new DatabaseSync(path.join(folder, 'hollow', 'run.db'));
    hollow.exec('DROP TABLE metric');
    hollow.close();

    const catalog = await catalogOf(folder);
    const overviews = byName(catalog);
    const codes = Object.entries(overviews).map(([name, { problem }]) => [name, problem?.code]);
    expect(Object.fromEntries(codes)).toEqual({
      good: undefined,
      newer: 'newer-schema',
      text: 'not-a-run',
      empty: 'not-a-run',
      foreign: 'not-a-run',
      torn: 'not-a-run',
      hollow: 'corrupt',
    });
    for (const { state, problem, id, name } of catalog.overviews()) {
      if (name === 'good') continue;
      expect(state).toBe('unreadable');
      expect(problem!.remedy).toMatch(/\w+ .*\.$/);
      if (name !== 'hollow') expect(() => catalog.run(id)).toThrow(problem!.message);
      const { signal } = new AbortController();
      await expect(catalog.resume(id, signal)).rejects.toMatchObject({ code: 'unreadable-run' });
    }
    expect(overviews['good']!.lastStep).toBe(1);
  });

  test('gives a reader of a run, and for an unknown one an error that says what to do', async () => {
    const run = makeRun('run', 2);
    const catalog = await catalogOf(folder);
    const { folder: found, reader } = catalog.run(runIdOf(run));
    expect(found.folder).toBe(run);
    expect(reader.counters().lastStep).toBe(2);
    expect(() => catalog.run('nothing-000000000000')).toThrow(
      expect.objectContaining({ code: 'unknown-run', remedy: expect.any(String) as string }),
    );
  });

  test('sees what another program commits, a new run, one that went, and one that was replaced', async () => {
    const run = makeRun('run', 1);
    const catalog = await catalogOf(folder);
    const { reader } = catalog.run(runIdOf(run));
    const store = SqliteRunStore.open(path.join(run, 'run.db'));
    store.commitStep(sampleStep(2));
    await expect.poll(() => byName(catalog)['run']!.lastStep, { timeout: 5_000 }).toBe(2);
    expect(reader.counters().lastStep).toBe(2);
    store.close();

    makeRun('second', 0);
    await expect.poll(() => Object.keys(byName(catalog)), { timeout: 5_000 }).toContain('second');
    rmSync(path.join(folder, 'second'), { recursive: true });
    await expect.poll(() => Object.keys(byName(catalog)), { timeout: 5_000 }).toEqual(['run']);

    rmSync(run, { recursive: true });
    makeRun('run', 5);
    await expect.poll(() => byName(catalog)['run']?.lastStep, { timeout: 5_000 }).toBe(5);
    expect(catalog.run(runIdOf(run)).reader.counters().lastStep).toBe(5);
  });

  test('tells of changes at most four times a second, and not at all when nothing changed', async () => {
    const run = makeRun('run', 0);
    await catalogOf(folder);
    await expect.poll(() => told.length).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 600));
    const quiet = told.length;
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(told.length).toBe(quiet);

    const store = SqliteRunStore.open(path.join(run, 'run.db'));
    const startedMs = performance.now();
    for (let step = 1; step <= 7; step += 1) {
      store.commitStep(sampleStep(step));
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    store.close();
    await expect.poll(() => told.at(-1)?.[0]?.lastStep, { timeout: 5_000 }).toBe(7);
    const seconds = (performance.now() - startedMs) / 1000;
    expect(told.length - quiet).toBeLessThanOrEqual(Math.ceil(seconds * 4) + 1);
  });

  test('follows the folders it is told to search', async () => {
    makeRun('one/run-one', 0);
    makeRun('two/run-two', 0);
    const catalog = await catalogOf(path.join(folder, 'one'));
    catalog.addSearchFolder(path.join(folder, 'two'));
    await catalog.scan();
    expect(Object.keys(byName(catalog)).sort()).toEqual(['run-one', 'run-two']);
    catalog.removeSearchFolder(path.join(folder, 'one'));
    await catalog.scan();
    expect(Object.keys(byName(catalog))).toEqual(['run-two']);
  });

  test('shows a run once, by whatever path it is reached', async () => {
    const run = makeRun('run', 0);
    symlinkSync(run, path.join(folder, 'link'));
    const catalog = await catalogOf(folder);
    expect(catalog.overviews().map(({ id }) => id)).toEqual([runIdOf(run)]);
    expect(runIdOf(path.join(folder, 'link'))).toBe(runIdOf(run));
    expect(encodeURIComponent(runIdOf(path.join(folder, 'a b/ö')))).toBe(
      runIdOf(path.join(folder, 'a b/ö')),
    );
  });

  test('lives with folders that are not there or not its own', async () => {
    mkdirSync(path.join(folder, 'secret'), { mode: 0o000 });
    writeFileSync(path.join(folder, 'file'), '');
    const catalog = await catalogOf(
      ...['missing', 'secret', 'file'].map((name) => path.join(folder, name)),
    );
    expect(catalog.overviews()).toEqual([]);
    chmodSync(path.join(folder, 'secret'), 0o700);
  });

  test('refuses to steer a run that nobody works on', async () => {
    const run = makeRun('run', 2);
    makeRun('done', 7, { kind: 'finished' });
    const catalog = await catalogOf(folder);
    const id = runIdOf(run);
    await expect(catalog.stop(id, 'now')).rejects.toMatchObject({ code: 'not-running' });
    await expect(catalog.pause(id)).rejects.toMatchObject({ code: 'not-running' });
    const done = runIdOf(path.join(folder, 'done'));
    const { signal } = new AbortController();
    await expect(catalog.resume(done, signal)).rejects.toMatchObject({ code: 'run-finished' });
  });

  test('does not take the leftovers of a killed runner for a runner', async () => {
    const leftovers = {
      dead: { pid: 4_194_303 },
      reused: { pid: process.pid, startedAt: '2020-01-01T00:00:00.000Z' },
      moved: { hostName: `not-${hostname()}` },
    };
    for (const [name, changes] of Object.entries(leftovers)) {
      const run = makeRun(name, 2, { kind: 'stopped' });
      rmSync(path.join(run, 'outcome.json'));
      const address = {
        pid: process.pid,
        startedAt: new Date(performance.timeOrigin).toISOString(),
        hostName: hostname(),
        protocolVersion: 1,
        port: 9,
        token: '0'.repeat(64),
        ...changes,
      };
      writeFileSync(path.join(run, 'runner.json'), JSON.stringify(address));
    }
    const catalog = await catalogOf(folder);
    await expect.poll(() => byName(catalog)['reused']!.state).toBe('interrupted');
    expect(byName(catalog)['dead']!.state).toBe('interrupted');
    // On the other machine it may have been stopped; what the database says is all there is.
    expect(byName(catalog)['moved']!.state).toBe('stopped');
    const id = runIdOf(path.join(folder, 'reused'));
    await expect(catalog.stop(id, 'now')).rejects.toMatchObject({ code: 'runner-gone' });
  });
});
