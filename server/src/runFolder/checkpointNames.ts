/** Names in the folder of checkpoints. Only names of these forms are ever loaded or deleted. */
import { ProblemError } from '../../protocol/problem.ts';
import path from 'node:path';

import type { RunFolder } from './runFolder.ts';

/** As the loop names the policy of a step. */
const CHECKPOINT = /^step-\d{6,}$/;
/** As the engine names one that it is writing, and the one that it replaces; checkpoints.py. */
const UNFINISHED = /^\.step-\d{6,}\.[0-9a-f]{32}(\.old)?$/;

/** Whether `name` is that of a whole checkpoint. */
export function isCheckpointName(name: string): boolean {
  return CHECKPOINT.test(name);
}

/** Whether `name` is that of a checkpoint, whole or half-written. */
export function isOurCheckpointName(name: string): boolean {
  return CHECKPOINT.test(name) || UNFINISHED.test(name);
}

/** A checkpoint on another machine is named by a URL, such as `tinker://…`. */
export function isRemote(location: string): boolean {
  return /^[a-z]+:\/\//.test(location);
}

/**
 * The folder of a local checkpoint that a run's database notes as `checkpoints/<name>`; undefined for
 * any other path, which would lead out of the run folder.
 */
export function checkpointFolder(run: RunFolder, noted: string): string | undefined {
  const [folder, name = '', ...more] = noted.split('/');
  const isOurs = folder === path.basename(run.checkpoints) && isCheckpointName(name);
  return isOurs && more.length === 0 ? path.join(run.checkpoints, name) : undefined;
}

/**
 * The path or URL to load a checkpoint from that a run's database notes. Throws ProblemError
 * `unsafe-run` when that is neither a checkpoint of the run folder nor one on another machine.
 */
export function locateCheckpoint(run: RunFolder, noted: string): string {
  const location = isRemote(noted) ? noted : checkpointFolder(run, noted);
  if (location !== undefined) return location;
  throw new ProblemError({
    code: 'unsafe-run',
    message: `The run in ${run.folder} names ${JSON.stringify(noted)} as a checkpoint, which is outside of its folder.`,
    remedy:
      'Do not use this folder if it came from somebody else; otherwise restore it from a copy.',
  });
}
