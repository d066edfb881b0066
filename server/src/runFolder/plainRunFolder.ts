/**
 * A run folder may come from a stranger. Before anything is written to one, every name in it that a
 * runner writes to is looked at: a link there would lead the writing to a file of yours.
 */
import { ProblemError } from '../../protocol/problem.ts';
import { lstatSync, readdirSync } from 'node:fs';
import path from 'node:path';

import { isPlainFile, isPlainFileOfOneName, isPlainFolder } from '../files/plainFile.ts';
import { isCheckpointName } from './checkpointNames.ts';
import type { RunFolder } from './runFolder.ts';

/**
 * Throws ProblemError `not-a-plain-file` for a link, device, pipe or the like at one of our names, and
 * ProblemError `unsafe-run` for a journal that SQLite would act upon.
 */
export function requirePlainRunFolder(run: RunFolder): void {
  const { database, lock, runnerLog, engineLog } = run;
  const log = `${database}-wal`;
  const shared = `${database}-shm`;
  for (const folder of [run.checkpoints, run.logs]) isPlainFolder(folder);
  for (const file of [database, log, shared, lock, runnerLog, engineLog]) {
    isPlainFileOfOneName(file);
  }
  // These are replaced as a whole, so that another name of the same file keeps what it had.
  for (const file of [run.runFile, run.owner, run.outcome, run.replay]) isPlainFile(file);
  requireEmptyLock(lock);
  requirePlainCheckpoints(run.checkpoints);
}

/**
 * Nothing is ever committed to the lock. While somebody holds it, SQLite keeps a journal beside it,
 * which it deletes unread where it finds one beside an empty file; a lock with something in it would
 * have its journal played back instead.
 */
function requireEmptyLock(lock: string): void {
  isPlainFileOfOneName(`${lock}-journal`);
  const found = lstatSync(lock, { throwIfNoEntry: false });
  const beside = ['-wal', '-shm'].map((ending) => `${lock}${ending}`);
  const foreign = beside.find((file) => lstatSync(file, { throwIfNoEntry: false }) !== undefined);
  if (foreign === undefined && (found === undefined || found.size === 0)) return;
  throw new ProblemError({
    code: 'unsafe-run',
    message: `${foreign ?? lock} was not made by AZR Studio: the lock of a run is an empty file, and has no log.`,
    remedy: 'Do not use this folder if it came from somebody else; otherwise delete that file.',
  });
}

/** What is loaded and deleted; other names are left alone. */
function requirePlainCheckpoints(checkpoints: string): void {
  if (!isPlainFolder(checkpoints)) return;
  for (const name of readdirSync(checkpoints).filter(isCheckpointName)) {
    const checkpoint = path.join(checkpoints, name);
    if (!isPlainFolder(checkpoint)) continue;
    for (const file of readdirSync(checkpoint)) isPlainFile(path.join(checkpoint, file));
  }
}
