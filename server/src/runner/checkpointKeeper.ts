/** Keeps the newest checkpoints of a run on disk and the rows about them in step. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';

import type { RunSettings } from '../../protocol/settings.ts';
import type { CheckpointRecord } from '../store/runInformation.ts';
import type { SqliteRunStore } from '../store/sqliteRunStore.ts';
import type { RunFolder } from './runFolder.ts';

/** The newest `checkpointsKept`, and of the older ones those of every `checkpointsKeptEvery`-th step. */
export type CheckpointRetention = Pick<RunSettings, 'checkpointsKept' | 'checkpointsKeptEvery'>;

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
   * Notes a complete checkpoint and lets go of the oldest surplus ones. A path inside the run folder
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

  /** The newest checkpoint that is still there, with the path to load it from. */
  newest(): CheckpointRecord | undefined {
    return this.#store.reader
      .checkpoints()
      .map(({ step, path: noted }) => ({ step, path: this.#locate(noted) }))
      .findLast(({ path: location }) => isRemote(location) || existsSync(location));
  }

  /**
   * Deletes what lies in the checkpoint folder without a row: what was let go, and what an
   * interrupted save left half-written. Rows go first and files after, so that a crash in between
   * never leaves a row without its files.
   */
  sweep(): void {
    const kept = new Set(
      this.#store.reader.checkpoints().map(({ path: noted }) => path.basename(noted)),
    );
    for (const name of readdirSync(this.#run.checkpoints)) {
      if (!kept.has(name)) {
        rmSync(path.join(this.#run.checkpoints, name), { recursive: true, force: true });
      }
    }
  }

  #portable(location: string): string {
    if (!path.isAbsolute(location)) return location;
    const inside = path.relative(this.#run.folder, location);
    return inside.startsWith('..') ? location : inside.replaceAll(path.sep, '/');
  }

  #locate(noted: string): string {
    return isRemote(noted) ? noted : path.resolve(this.#run.folder, noted);
  }
}

/** A checkpoint on another machine is named by a URL, such as `tinker://…`. */
function isRemote(location: string): boolean {
  return /^[a-z]+:\/\//.test(location);
}
