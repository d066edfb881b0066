/**
 * Whether the disk has room for what the next step writes: its rows and, where one is due, a
 * checkpoint. Asked before a step, so that a disk that fills up stops a run between two steps and not
 * in the middle of a file.
 */
import { lstatSync, readdirSync, statfsSync, statSync } from 'node:fs';
import path from 'node:path';

import type { Problem } from '../../protocol/problem.ts';
import type { RunFolder } from '../runFolder/runFolder.ts';

/** Room for the rows of a step before any was measured, and beyond what was measured. */
const MARGIN_BYTES = 8 * 2 ** 20;
/** Steps differ; one that writes twice as much as the largest so far still fits. */
const GROWTH_FACTOR = 2;

export class DiskRoom {
  readonly #run: RunFolder;
  readonly #freeBytes: (folder: string) => number;
  #sizeBytes: number;
  #largestStepBytes = 0;

  /** @param freeBytes of the disk that holds a folder, for tests that have no disk to fill */
  constructor(run: RunFolder, freeBytes = freeBytesOf) {
    this.#run = run;
    this.#freeBytes = freeBytes;
    this.#sizeBytes = databaseBytes(run);
  }

  /** The rows of a step were written. */
  committed(): void {
    const sizeBytes = databaseBytes(this.#run);
    this.#largestStepBytes = Math.max(this.#largestStepBytes, sizeBytes - this.#sizeBytes);
    this.#sizeBytes = sizeBytes;
  }

  /** Why the next step cannot be taken now; undefined when there is room for it. */
  shortage(): Problem | undefined {
    const neededBytes =
      MARGIN_BYTES + GROWTH_FACTOR * this.#largestStepBytes + largestCheckpointBytes(this.#run);
    const freeBytes = this.#freeBytes(this.#run.folder);
    return freeBytes >= neededBytes ? undefined : diskShortage(this.#run, freeBytes, neededBytes);
  }
}

/** The problem of a run that waits for disk space; the run resumes on its own. */
function diskShortage(run: RunFolder, freeBytes: number, neededBytes: number): Problem {
  return {
    code: 'disk-full',
    message: `The run waits because the disk of ${run.folder} is nearly full: ${megabytes(freeBytes)} are free, the next step may need ${megabytes(neededBytes)}.`,
    remedy: 'Free some space; the run then resumes on its own. Nothing was lost.',
  };
}

function freeBytesOf(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/** The database with the log that is folded into it now and then. */
function databaseBytes({ database }: RunFolder): number {
  return [database, `${database}-wal`]
    .map((file) => statSync(file, { throwIfNoEntry: false })?.size ?? 0)
    .reduce((sum, size) => sum + size, 0);
}

function largestCheckpointBytes({ checkpoints }: RunFolder): number {
  return Math.max(
    0,
    ...readdirSync(checkpoints).map((name) => bytesBelow(path.join(checkpoints, name))),
  );
}

function bytesBelow(place: string): number {
  // What a link leads to is not in the run folder, and may be a folder that contains it.
  const stats = lstatSync(place, { throwIfNoEntry: false });
  if (stats?.isDirectory() !== true) return stats?.size ?? 0;
  return readdirSync(place)
    .map((name) => bytesBelow(path.join(place, name)))
    .reduce((sum, size) => sum + size, 0);
}

function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
