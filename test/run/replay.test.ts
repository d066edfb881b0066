/** Playing a run back: every row again, in step, and nothing of what made it. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { RunEvent } from '../../server/protocol/events.ts';
import { demoRun } from '../../server/src/runs/demoRun.ts';
import { replayRun, resumeReplay } from '../../server/src/run/replayRun.ts';
import { replayIn } from '../../server/src/runFolder/replayNote.ts';
import { runFolderAt } from '../../server/src/runFolder/runFolder.ts';
import { RunSteering } from '../../server/src/run/runSteering.ts';
import { RunReader } from '../../server/src/store/runReader.ts';
import { SqliteRunStore } from '../../server/src/store/writer/sqliteRunStore.ts';
import { sampleInformation, sampleSession, sampleStep } from '../store/sampleRun.ts';

const STEPS = 4;
/** Not of the steps, or of files that a replay does not have. */
const OF_ITS_OWN = ['run', 'change', 'checkpoint', 'branch', 'sqlite_sequence'];

let folder: string;
let source: string;
let target: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-replay-'));
  source = path.join(folder, 'source');
  target = path.join(folder, 'target');
  mkdirSync(source);
  const store = SqliteRunStore.create(path.join(source, 'run.db'), sampleInformation());
  store.startSession(sampleSession(-1));
  for (let step = 0; step < STEPS; step += 1) store.commitStep(sampleStep(step));
  store.recordCheckpoint(1, 'checkpoints/step-000001');
  store.close();
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Every row of every table, summaries included, as another connection sees them. */
function rowsIn(place: string): Record<string, unknown[]> {
  const database = new DatabaseSync(path.join(place, 'run.db'), { readOnly: true });
  const tables = database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .all()
    .map(({ name }) => String(name))
    .filter((name) => !OF_ITS_OWN.includes(name));
  const rows = tables.map((name) => [name, database.prepare(`SELECT * FROM ${name}`).all()]);
  database.close();
  return Object.fromEntries(rows) as Record<string, unknown[]>;
}

function hostOf(onEvent: (event: RunEvent, steering: RunSteering) => void = () => undefined) {
  const steering = new RunSteering();
  return {
    steering,
    listener: (event: RunEvent) => {
      onEvent(event, steering);
    },
  };
}

describe('a replay', () => {
  test('has every row of the steps, and their summaries, in the order in which they came', async () => {
    const told: number[] = [];
    const host = hostOf((event) => {
      if (event.kind === 'step') told.push(event.step);
    });
    const result = await replayRun({ source, speed: Infinity }, target, host);
    expect(result.outcome).toEqual({ reason: 'steps', lastStep: STEPS - 1 });
    expect(told).toEqual([0, 1, 2, 3]);
    const rows = rowsIn(source);
    expect(rows['rollout']!.length).toBeGreaterThan(0);
    expect(rows['attempt']!.length).toBeGreaterThan(0);
    expect(rowsIn(target)).toEqual(rows);
  });

  test('of a run whose completions were pruned lacks the same ones', async () => {
    const store = SqliteRunStore.open(path.join(source, 'run.db'));
    expect(store.keepCompletions({ completionsKeptSteps: 1, completionsKeptMb: 0 })).toBe(
      STEPS - 1,
    );
    store.close();
    await replayRun({ source, speed: Infinity }, target, hostOf());
    expect(rowsIn(target)).toEqual(rowsIn(source));
    const reader = RunReader.open(path.join(target, 'run.db'));
    expect(reader.rollout(2)?.pruned).toEqual({ setting: 'completionsKeptSteps', tokenCount: 3 });
    reader.close();
  });

  test('waits as long as the steps took, divided by the speed', async () => {
    const reader = RunReader.open(path.join(source, 'run.db'));
    const lastedMs = reader.totalDurationMs();
    reader.close();
    const started = performance.now();
    await replayRun({ source, speed: lastedMs / 400 }, target, hostOf());
    expect(performance.now() - started).toBeGreaterThan(390);
  });

  test('that is stopped goes on where it was', async () => {
    const host = hostOf((event, steering) => {
      if (event.kind === 'step' && event.step === 1) steering.stop('after-step');
    });
    const stopped = await replayRun({ source, speed: Infinity }, target, host);
    expect(stopped.outcome).toEqual({ reason: 'stopped', lastStep: 1 });
    const run = runFolderAt(target);
    const replay = replayIn(run);
    expect(replay).toEqual({ source, speed: Infinity });
    const told: number[] = [];
    const again = hostOf((event) => {
      if (event.kind === 'step') told.push(event.step);
    });
    await resumeReplay(run, replay!, again);
    expect(told).toEqual([2, 3]);
    expect(rowsIn(target)).toEqual(rowsIn(source));
  });

  test('that is paused waits, and goes on when it is told to', async () => {
    let resumed = false;
    const host = hostOf((event, steering) => {
      if (event.kind !== 'step' || event.step !== 0) return;
      steering.pause();
      setTimeout(() => {
        resumed = true;
        steering.resume();
      }, 200);
    });
    const steps: boolean[] = [];
    const { listener, steering } = host;
    await replayRun({ source, speed: Infinity }, target, {
      steering,
      listener: (event) => {
        if (event.kind === 'step') steps.push(resumed);
        listener(event);
      },
    });
    expect(steps).toEqual([false, true, true, true]);
  });

  test('of no run is refused, and makes nothing', async () => {
    const nowhere = { source: path.join(folder, 'nowhere'), speed: 1 };
    await expect(replayRun(nowhere, target, hostOf())).rejects.toMatchObject({ code: 'no-run' });
    expect(() => readFileSync(path.join(target, 'run.db'))).toThrow();
  });
});

test('a replay.json that is none makes no replay', () => {
  expect(replayIn(runFolderAt(source))).toBeUndefined();
});

test('the recorded run that ships plays from its beginning to its end', async () => {
  const demo = demoRun();
  const result = await replayRun({ source: demo.folder, speed: Infinity }, target, hostOf());
  expect(result.outcome.lastStep).toBeGreaterThanOrEqual(3);
  const reader = RunReader.open(path.join(target, 'run.db'));
  const heldOut = reader.metricSeries('probe.greedy.mean').map(({ value }) => value);
  reader.close();
  expect(heldOut).toHaveLength(2);
});
