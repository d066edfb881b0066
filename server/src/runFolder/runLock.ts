/**
 * At most one runner per run. The lock itself is a lock of the operating system, taken through an
 * exclusive SQLite transaction, because the system gives it back however its owner ends: there is
 * no stale lock to recognise, and no moment in which two runners both think that one is stale.
 * `runner.json` beside it says who the owner is; it may outlive its owner and proves nothing.
 */
import { isFailure, ProblemError } from '../../protocol/problem.ts';
import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

import { isPlainFileOfOneName } from '../files/plainFile.ts';
import { explainSqliteError } from '../store/sqliteErrors.ts';
import type { RunFolder } from './runFolder.ts';
import { readRunnerAddress } from './runnerAddress.ts';

/** A runner that has said good-bye already gives the lock back within moments. */
const LOCK_WAIT_MS = 1_000;

export class RunLock {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Takes the lock, or throws ProblemError `run-in-use` when another runner has it. */
  static acquire(run: RunFolder): RunLock {
    makeLockFile(run.lock);
    const database = new DatabaseSync(run.lock);
    try {
      database.exec(`PRAGMA busy_timeout = ${LOCK_WAIT_MS}`);
      // Nothing is ever written, so the file stays empty and the transaction stays open.
      database.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      database.close();
      const explained = explainSqliteError(error, run.lock);
      throw isFailure(explained, 'locked') ? inUse(run) : explained;
    }
    return new RunLock(database);
  }

  release(): void {
    this.#database.close();
  }
}

/**
 * SQLite would make it readable by everybody. One that is there is not opened: closing it again would
 * give back a lock that this process holds on it.
 */
function makeLockFile(lock: string): void {
  if (isPlainFileOfOneName(lock)) return;
  try {
    closeSync(openSync(lock, 'wx', 0o600));
  } catch (error) {
    // Another runner made it in this moment.
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}

function inUse(run: RunFolder): ProblemError {
  // Between the lock and the note of its owner there is a moment in which no owner is named yet.
  const owner = readRunnerAddress(run);
  const who =
    owner === undefined ? 'Another process' : `Process ${owner.pid}, started ${owner.startedAt},`;
  return new ProblemError({
    code: 'run-in-use',
    message: `${who} is working on the run in ${run.folder}.`,
    remedy: 'Wait until it has finished or stop it with Ctrl-C, then try again.',
  });
}
