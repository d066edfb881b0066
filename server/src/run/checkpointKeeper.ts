/** Keeps the newest checkpoints of a run on disk and the rows about them in step. */
import { readdirSync, realpathSync, rmdirSync, unlinkSync } from 'node:fs';
import path from 'node:path';

import type { RunSettings } from '../../protocol/settings.ts';
import { isPlainFolder } from '../files/plainFile.ts';
import { checkpointDamage } from '../runFolder/checkpointFiles.ts';
import type { CheckpointRecord } from '../store/rows/runInformation.ts';
import type { RunReader } from '../store/runReader.ts';
import type { SqliteRunStore } from '../store/writer/sqliteRunStore.ts';
import {
  checkpointFolder,
  isOurCheckpointName,
  isRemote,
  locateCheckpoint,
} from '../runFolder/checkpointNames.ts';
import type { RunFolder } from '../runFolder/runFolder.ts';

/** The newest `checkpointsKept`, and of the older ones those of every `checkpointsKeptEvery`-th step. */
export type CheckpointRetention = Pick<RunSettings, 'checkpointsKept' | 'checkpointsKeptEvery'>;

export interface KnownCheckpoint extends CheckpointRecord {
  /** Why it cannot be loaded, to follow a colon; absent where nothing is seen to be wrong. */
  readonly damage?: string;
}

/**
 * All checkpoints that the database of `run` notes, the oldest first, with the path to load each from.
 * Throws ProblemError `unsafe-run` when it names one outside of the run folder.
 */
export function knownCheckpoints(
  run: RunFolder,
  reader: Pick<RunReader, 'checkpoints'>,
): KnownCheckpoint[] {
  return reader.checkpoints().map(({ step, path: noted }) => {
    const location = locateCheckpoint(run, noted);
    const damage = isRemote(location) ? undefined : checkpointDamage(location);
    return { step, path: location, ...(damage !== undefined && { damage }) };
  });
}

export class CheckpointKeeper {
  readonly #run: RunFolder;
  readonly #store: SqliteRunStore;
  readonly #retention: CheckpointRetention;

  constructor(run: RunFolder, store: SqliteRunStore, retention: CheckpointRetention) {
    this.#run = run;
    this.#store = store;
    this.#retention = retention;
  }

  /**
   * Notes a complete checkpoint and deletes the oldest surplus ones. A path inside the run folder
   * is noted relative to it, so that the folder can be moved.
   */
  record(step: number, location: string): void {
    this.#store.recordCheckpoint(step, this.#portable(location));
    const { checkpointsKept, checkpointsKeptEvery } = this.#retention;
    for (const old of this.#store.reader.checkpoints().slice(0, -checkpointsKept)) {
      const isLasting = checkpointsKeptEvery > 0 && old.step % checkpointsKeptEvery === 0;
      if (!isLasting) this.#store.forgetCheckpoint(old);
    }
    this.sweep();
  }

  /** {@link knownCheckpoints} of the run. */
  known(): KnownCheckpoint[] {
    return knownCheckpoints(this.#run, this.#store.reader);
  }

  /**
   * Deletes checkpoints without a row: what was let go, and what an interrupted save left
   * half-written. Rows go first and files after, so that a crash in between never leaves a row
   * without its files. Whatever else lies in the folder is not ours to delete. Returns the names that
   * could not be deleted, which hinders nothing.
   */
  sweep(): string[] {
    const kept = new Set(
      this.#store.reader.checkpoints().map(({ path: noted }) => path.basename(noted)),
    );
    return readdirSync(this.#run.checkpoints)
      .filter((name) => !kept.has(name) && isOurCheckpointName(name))
      .filter((name) => !isDeleted(path.join(this.#run.checkpoints, name)));
  }

  #portable(location: string): string {
    if (isRemote(location)) return location;
    const noted = `${path.basename(this.#run.checkpoints)}/${path.basename(location)}`;
    const folder = checkpointFolder(this.#run, noted);
    // The engine may name the same folder by another path, such as one without links.
    if (folder === undefined || realpathSync(folder) !== realpathSync(location)) {
      throw new Error(
        `The engine saved ${location}, which is outside of ${this.#run.checkpoints}.`,
      );
    }
    return noted;
  }
}

/** A checkpoint is a folder of files; one that holds folders is not ours, and stays. */
function isDeleted(checkpoint: string): boolean {
  try {
    // Also asked for a name that something else took since the run folder was looked at.
    if (!isPlainFolder(checkpoint)) return true;
    for (const name of readdirSync(checkpoint)) unlinkSync(path.join(checkpoint, name));
    rmdirSync(checkpoint);
    return true;
  } catch {
    return false;
  }
}
