import { ProblemError } from '../../protocol/problem.ts';
import { existsSync } from 'node:fs';

import { makeFolder } from '../files/makeFolder.ts';
import { requirePlainRunFolder } from './plainRunFolder.ts';
import { type RunFolder, runFolderAt } from './runFolder.ts';

/**
 * Makes the folders of a new run, for their owner only. Throws ProblemError `run-exists`, and like
 * {@link requirePlainRunFolder} where somebody else was here before.
 */
export function createRunFolder(folder: string): RunFolder {
  const run = runFolderAt(folder);
  makeAll(run, [run.folder]);
  requirePlainRunFolder(run);
  if (existsSync(run.database)) {
    throw new ProblemError({
      code: 'run-exists',
      message: `${run.folder} holds a run already.`,
      remedy: `Continue it with "azr resume ${run.folder}", or choose another folder with --directory.`,
    });
  }
  makeRunFolders(run);
  return run;
}

/**
 * Makes the folder of a run and those in it, where they are missing. Throws ProblemError
 * `folder-not-writable`.
 */
export function makeRunFolders(run: RunFolder): void {
  makeAll(run, [run.folder, run.checkpoints, run.logs]);
}

function makeAll(run: RunFolder, folders: readonly string[]): void {
  try {
    for (const folder of folders) makeFolder(folder);
  } catch (error) {
    throw folderNotMade(run.folder, error);
  }
}

/** The problem of a run folder that the system refused with `error`. */
export function folderNotMade(folder: string, error: unknown): ProblemError {
  const reason = error instanceof Error ? error.message : String(error);
  return new ProblemError({
    code: 'folder-not-writable',
    message: `The run folder ${folder} cannot be made: ${reason}`,
    remedy: 'Work in a folder that can be written, or name one with --directory.',
  });
}
