import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';

import { requirePlainRunFolder } from './plainRunFolder.ts';
import { type RunFolder, runFolderAt } from './runFolder.ts';
import { RunnerError } from '../../protocol/runnerError.ts';

/**
 * Makes the folders of a new run, for their owner only. Throws RunnerError `run-exists`, and like
 * {@link requirePlainRunFolder} where somebody else was here before.
 */
export async function createRunFolder(folder: string): Promise<RunFolder> {
  const run = runFolderAt(folder);
  requirePlainRunFolder(run);
  if (existsSync(run.database)) {
    throw new RunnerError(
      'run-exists',
      `${run.folder} holds a run already.`,
      `Continue it with "azr resume ${run.folder}", or choose another folder with --directory.`,
    );
  }
  await makeRunFolders(run);
  return run;
}

/**
 * Makes the folder of a run and those in it, where they are missing. Throws RunnerError
 * `folder-not-writable`.
 */
export async function makeRunFolders(run: RunFolder): Promise<void> {
  try {
    for (const made of [run.folder, run.checkpoints, run.logs]) {
      await mkdir(made, { recursive: true, mode: 0o700 });
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RunnerError(
      'folder-not-writable',
      `The run folder ${run.folder} cannot be made: ${reason}`,
      'Choose a folder that can be written.',
    );
  }
}
