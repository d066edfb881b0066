/**
 * At most one runner per run. The lock itself is a lock of the operating system, taken through an
 * exclusive SQLite transaction, because the system gives it back however its owner ends: there is
 * no stale lock to recognise, and no moment in which two runners both think that one is stale.
 * `runner.json` beside it says who the owner is; it may outlive its owner and proves nothing.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

import { explainSqliteError, StoreError } from '../store/storeError.ts';
import type { RunFolder } from './runFolder.ts';
import { RunnerError } from './runnerError.ts';

export interface RunOwner {
  readonly pid: number;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
}

export class RunLock {
  readonly #database: DatabaseSync;
  readonly #run: RunFolder;

  private constructor(database: DatabaseSync, run: RunFolder) {
    this.#database = database;
    this.#run = run;
  }

  /** Takes the lock, or throws RunnerError `run-in-use` when another runner has it. */
  static acquire(run: RunFolder): RunLock {
    const database = new DatabaseSync(run.lock);
    try {
      // Nothing is ever written, so the file stays empty and the transaction stays open.
      database.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      database.close();
      const explained = explainSqliteError(error, run.lock);
      throw explained instanceof StoreError && explained.code === 'locked' ? inUse(run) : explained;
    }
    const owner: RunOwner = { pid: process.pid, startedAt: new Date().toISOString() };
    writeFileSync(run.owner, `${JSON.stringify(owner)}\n`, { mode: 0o600 });
    return new RunLock(database, run);
  }

  release(): void {
    rmSync(this.#run.owner, { force: true });
    this.#database.close();
  }
}

function inUse(run: RunFolder): RunnerError {
  const owner = readOwner(run);
  const who =
    owner === undefined ? 'Another process' : `Process ${owner.pid}, started ${owner.startedAt},`;
  return new RunnerError(
    'run-in-use',
    `${who} is working on the run in ${run.folder}.`,
    'Wait until it has finished or stop it with Ctrl-C, then try again.',
  );
}

function readOwner(run: RunFolder): RunOwner | undefined {
  try {
    return JSON.parse(readFileSync(run.owner, 'utf8')) as RunOwner;
  } catch {
    // Between the lock and the note of its owner there is a moment in which nobody is named yet.
    return undefined;
  }
}
