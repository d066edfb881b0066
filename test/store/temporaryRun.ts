/** Databases in a folder of their own, which goes when the test is over. */
import { ProblemError } from '../../server/protocol/problem.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach } from 'vitest';

import type { StepRecord } from '../../server/protocol/records.ts';
import { SqliteRunStore } from '../../server/src/store/writer/sqliteRunStore.ts';
import { sampleInformation } from './sampleRun.ts';

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A path at which no run.db is yet. */
export function temporaryPath(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'azr-queries-'));
  folders.push(folder);
  return path.join(folder, 'run.db');
}

/** A run with these steps, still open for writing. */
export function runWith(steps: readonly StepRecord[]): { path: string; store: SqliteRunStore } {
  const path = temporaryPath();
  const store = SqliteRunStore.create(path, sampleInformation());
  for (const step of steps) store.commitStep(step);
  return { path, store };
}

/** The ProblemError that `action` throws; fails when it throws nothing or anything else. */
export function storeErrorOf(action: () => unknown): ProblemError {
  try {
    action();
  } catch (error) {
    if (error instanceof ProblemError) return error;
    throw error;
  }
  throw new Error('Nothing was thrown.');
}
