import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { RunFiguresReader } from '../../server/src/runs/runFigures.ts';
import { RunReader } from '../../server/src/store/runReader.ts';
import { SqliteRunStore } from '../../server/src/store/writer/sqliteRunStore.ts';
import { sampleInformation, sampleSession, sampleStep } from './sampleRun.ts';
import { storeErrorOf } from './temporaryRun.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-store-'));
  file = path.join(folder, 'run.db');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function createWithSteps(count: number): SqliteRunStore {
  const store = SqliteRunStore.create(file, sampleInformation());
  for (let step = 0; step < count; step += 1) store.commitStep(sampleStep(step));
  return store;
}

/** Number of rows per table, read by a connection of its own. */
function rowCounts(): Record<string, number> {
  const database = new DatabaseSync(file, { readOnly: true });
  const names = database
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .all()
    .map((row) => String(row['name']));
  const counts = names.map((name) => {
    const row = database.prepare(`SELECT count(*) AS count FROM ${name}`).get();
    return [name, Number(row?.['count'])] as const;
  });
  database.close();
  return Object.fromEntries(counts);
}

describe('what was committed comes back', () => {
  test('every record equals what was written, read by another connection', () => {
    const store = createWithSteps(2);
    store.startSession(sampleSession(-1));
    store.recordCheckpoint(1, 'checkpoints/step-000001');
    const reader = RunReader.open(file);
    const step = sampleStep(1);

    expect(reader.information()).toEqual(sampleInformation());
    expect(reader.sessions()).toEqual([sampleSession(-1)]);
    expect(reader.tasks({ afterId: 0, limit: 10 }, { step: 1 })).toEqual(step.tasks);
    expect(reader.task(2)).toEqual(step.tasks[0]);
    expect(reader.proposals({ afterId: 2, limit: 10 })).toEqual(step.proposals);
    for (const rollout of step.rollouts) expect(reader.rollout(rollout.id)).toEqual(rollout);
    expect(reader.baselines(1)).toEqual(step.baselines);
    expect([...reader.allAttempts()].at(-1)).toEqual(step.attempts[0]);
    expect([...reader.allHarvests()].at(-1)).toEqual(step.harvests[0]);
    expect([...reader.allGoldDocuments()].at(-1)).toEqual(step.goldDocuments[0]);
    expect(reader.metricsOfStep(1)).toEqual([step.metrics[1], step.metrics[0]]);
    expect(reader.metricSeries('probe.greedy.mean').map((metric) => metric.value)).toEqual([
      0, 0.1,
    ]);
    expect(reader.checkpoints()).toEqual([{ step: 1, path: 'checkpoints/step-000001' }]);
    expect(reader.steps(0, 10)).toEqual([
      { step: 1, startedAt: step.startedAt, durationMs: step.durationMs },
    ]);
    reader.close();
    store.close();
  });

  test('what is absent stays absent, not null', () => {
    const store = createWithSteps(1);
    expect(Object.keys(store.reader.rollout(1)!)).not.toContain('verdict');
    expect(Object.keys(store.reader.proposals({ afterId: 0, limit: 1 })[0]!)).not.toContain('line');
    expect(store.reader.rollout(99)).toBeUndefined();
    expect(store.reader.task(99)).toBeUndefined();
    store.close();
  });

  test('a rollout list carries no blobs but their length', () => {
    const store = createWithSteps(1);
    const [first, ...others] = store.reader.rollouts({ afterId: 1, limit: 10 }, { role: 'solver' });
    expect(first).toMatchObject({ id: 2, taskId: 1, group: 2, tokenCount: 3, trained: true });
    expect(first).not.toHaveProperty('tokens');
    expect(others.map((rollout) => rollout.id)).toEqual([3]);
    store.close();
  });

  test('pages continue after the last identifier', () => {
    const store = createWithSteps(5);
    const first = store.reader.tasks({ afterId: 0, limit: 2 });
    const second = store.reader.tasks({ afterId: first.at(-1)!.id, limit: 2 });
    expect([...first, ...second].map((task) => task.id)).toEqual([1, 2, 3, 4]);
    expect(store.reader.proposals({ afterId: 0, limit: 9 }, { accepted: false })).toHaveLength(5);
    store.close();
  });

  test('a prompt is kept once per group', () => {
    createWithSteps(1).close();
    expect(rowCounts()).toMatchObject({ prompt: 2, rollout: 3 });
  });

  test('a NUL in a completion does not cut it', () => {
    const store = SqliteRunStore.create(file, sampleInformation());
    const step = sampleStep(0);
    const [first, ...rest] = step.rollouts;
    store.commitStep({ ...step, rollouts: [{ ...first!, completion: 'a\0b' }, ...rest] });
    expect(store.reader.rollout(1)?.completion).toBe('a␀b');
    store.close();
  });

  test('counters and tasks continue after the file was closed', () => {
    createWithSteps(3).close();
    const store = SqliteRunStore.open(file);
    expect(store.counters()).toEqual({
      lastStep: 2,
      lastTaskId: 3,
      lastProposalId: 6,
      lastRolloutId: 9,
      lastGroup: 6,
    });
    expect([...store.tasks()].map((task) => task.id)).toEqual([1, 2, 3]);
    store.close();
  });

  test('a new run counts from nothing', () => {
    const store = SqliteRunStore.create(file, sampleInformation());
    expect(store.counters()).toEqual({
      lastStep: -1,
      lastTaskId: 0,
      lastProposalId: 0,
      lastRolloutId: 0,
      lastGroup: 0,
    });
    store.close();
  });
});

describe('all of a step or nothing of it', () => {
  test('a row that cannot be written takes the whole step with it', () => {
    const store = createWithSteps(1);
    const before = rowCounts();
    const step = sampleStep(1);
    const [metric] = step.metrics;
    // The very last insertion of the step breaks the primary key.
    expect(() => {
      store.commitStep({ ...step, metrics: [...step.metrics, metric!] });
    }).toThrow('UNIQUE');
    expect(rowCounts()).toEqual(before);
    store.commitStep(step);
    expect(store.counters().lastStep).toBe(1);
    store.close();
  });

  test('a full disk is an error with a remedy, and leaves nothing behind', () => {
    createWithSteps(1).close();
    const before = rowCounts();
    const database = new DatabaseSync(file);
    const pages = Number(database.prepare('PRAGMA page_count').get()?.['page_count']);
    // SQLite then fails exactly as it does when the file system has no room for another page.
    database.exec(`PRAGMA max_page_count = ${pages}`);
    const store = new SqliteRunStore(database, file);
    const step = sampleStep(1);
    const rollouts = step.rollouts.map((rollout) => ({
      ...rollout,
      // Numbers that take as much room compressed as they do as they are.
      tokens: Array.from({ length: 20_000 }, (_, index) => index),
      logProbabilities: Array.from({ length: 20_000 }, (_, index) => Math.sin(index) * 43_758.5),
    }));
    const error = storeErrorOf(() => {
      store.commitStep({ ...step, rollouts });
    });
    expect(error.code).toBe('disk-full');
    expect(error.message).toContain(file);
    expect(error.remedy).toContain('azr resume');
    store.close();
    expect(rowCounts()).toEqual(before);
  });

  test('another writer is reported, not waited for without end', () => {
    createWithSteps(1).close();
    const other = new DatabaseSync(file);
    other.exec('BEGIN IMMEDIATE');
    const database = new DatabaseSync(file);
    database.exec('PRAGMA busy_timeout = 50');
    const store = new SqliteRunStore(database, file);
    const error = storeErrorOf(() => {
      store.recordCheckpoint(0, 'x');
    });
    expect(error.code).toBe('locked');
    other.exec('ROLLBACK');
    store.recordCheckpoint(0, 'x');
    store.close();
    other.close();
  });

  test('steps come in order', () => {
    const store = createWithSteps(1);
    expect(() => {
      store.commitStep(sampleStep(2));
    }).toThrow('the next step is 1');
    store.close();
  });

  test('a group with two prompts is a defect', () => {
    const store = SqliteRunStore.create(file, sampleInformation());
    const step = sampleStep(0);
    const [first, second, third] = step.rollouts;
    const rollouts = [first!, second!, { ...third!, prompt: 'another' }];
    expect(() => {
      store.commitStep({ ...step, rollouts });
    }).toThrow('Group 2 has two prompts');
    store.close();
  });
});

describe('discarding what came after a checkpoint', () => {
  test('leaves exactly what a run that never went further has', () => {
    const long = createWithSteps(4);
    long.recordCheckpoint(1, 'one');
    long.recordCheckpoint(3, 'three');
    expect(long.discardStepsAfter(1)).toBe(2);
    long.close();
    const discarded = { ...rowCounts(), change: 0 };
    rmSync(file);
    const short = createWithSteps(2);
    short.recordCheckpoint(1, 'one');
    short.close();
    expect(discarded).toEqual({ ...rowCounts(), change: 0 });
  });

  test('a discarded step can be committed again, and the sequence number keeps rising', () => {
    const store = createWithSteps(2);
    const before = store.reader.sequence();
    const figures = new RunFiguresReader(store.reader);
    expect(figures.read().shown.lastDiscard).toBeUndefined();
    store.discardStepsAfter(0);
    const discarded = store.reader.sequence();
    expect(figures.read().shown.lastDiscard).toBe(discarded);
    store.commitStep(sampleStep(1));
    expect(discarded).toBeGreaterThan(before);
    expect(store.reader.sequence()).toBeGreaterThan(discarded);
    expect(new RunFiguresReader(store.reader).read().shown.lastDiscard).toBe(discarded);
    expect(figures.read().shown.lastDiscard).toBe(discarded);
    expect(store.discardStepsAfter(1)).toBe(0);
    store.close();
  });
});

describe('opening', () => {
  test('only the owner can read a run', () => {
    const store = createWithSteps(1);
    for (const suffix of ['', '-wal', '-shm']) {
      expect(statSync(file + suffix).mode & 0o777).toBe(0o600);
    }
    store.close();
  });

  test('a viewer sees each commit of a runner, and cannot write', () => {
    const store = createWithSteps(1);
    const reader = RunReader.open(file);
    const before = reader.sequence();
    store.commitStep(sampleStep(1));
    expect(reader.sequence()).toBe(before + 1);
    expect(reader.counters().lastStep).toBe(1);
    reader.close();
    store.close();
  });

  test('a newer schema is named as such', () => {
    createWithSteps(1).close();
    const database = new DatabaseSync(file);
    database.exec('PRAGMA user_version = 99');
    database.close();
    const error = storeErrorOf(() => RunReader.open(file));
    expect(error.code).toBe('newer-schema');
    expect(error.message).toContain('99');
    expect(storeErrorOf(() => SqliteRunStore.open(file)).code).toBe('newer-schema');
  });

  test('a run without a schema version is refused, and so is one of a dialect that is not ours', () => {
    createWithSteps(1).close();
    const database = new DatabaseSync(file);
    database.exec("UPDATE run SET dialect = 'latin'");
    database.exec('PRAGMA user_version = 1');
    const reader = RunReader.open(file);
    expect(storeErrorOf(() => reader.information()).code).toBe('corrupt');
    reader.close();
    database.exec('PRAGMA user_version = 0');
    database.close();
    for (const open of [() => RunReader.open(file), () => SqliteRunStore.open(file)]) {
      const error = storeErrorOf(open);
      expect(error.code).toBe('corrupt');
      expect(error.remedy).toContain('start a new run');
    }
  });

  test('a missing file, another database and no database at all are told apart', () => {
    expect(storeErrorOf(() => RunReader.open(file)).code).toBe('missing');
    const database = new DatabaseSync(file);
    database.exec('CREATE TABLE other (a)');
    database.close();
    expect(storeErrorOf(() => RunReader.open(file)).code).toBe('not-a-run');
    expect(storeErrorOf(() => RunReader.open(import.meta.filename)).code).toBe('not-a-run');
  });

  test('a run is never overwritten', () => {
    createWithSteps(1).close();
    expect(storeErrorOf(() => SqliteRunStore.create(file, sampleInformation())).code).toBe(
      'exists',
    );
  });
});
