import { ProblemError } from '../../protocol/problem.ts';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';

import { requirePlainRunFolder } from './plainRunFolder.ts';
import { type RunFolder, runFolderAt } from './runFolder.ts';

/**
 * Makes the folders of a new run, for their owner only. Throws ProblemError `run-exists`, and like
 * {@link requirePlainRunFolder} where somebody else was here before.
 */
export async function createRunFolder(folder: string): Promise<RunFolder> {
  const run = runFolderAt(folder);
  requirePlainRunFolder(run);
  if (existsSync(run.database)) {
    throw new ProblemError({
      code: 'run-exists',
      message: `${run.folder} holds a run already.`,
      remedy: `Continue it with "azr resume ${run.folder}", or choose another folder with --directory.`,
    });
  }
  await makeRunFolders(run);
  return run;
}

/**
 * Makes the folder of a run and those in it, where they are missing. Throws ProblemError
 * `folder-not-writable`.
 */
export async function makeRunFolders(run: RunFolder): Promise<void> {
  try {
    for (const made of [run.folder, run.checkpoints, run.logs]) {
      await mkdir(made, { recursive: true, mode: 0o700 });
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ProblemError({
      code: 'folder-not-writable',
      message: `The run folder ${run.folder} cannot be made: ${reason}`,
      remedy: 'Choose a folder that can be written.',
    });
  }
}
