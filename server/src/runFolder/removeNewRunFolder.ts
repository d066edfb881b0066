import { rm, rmdir } from 'node:fs/promises';

import type { RunFolder } from './runFolder.ts';

/**
 * Takes away the folder of a run that never began: the files that a start makes, by name, and folders
 * only where they are empty. Whatever somebody else put there meanwhile stays, and the folder with it.
 */
export async function removeNewRunFolder(run: RunFolder): Promise<void> {
  const files = [run.runFile, run.lock, run.owner, run.outcome, run.runnerLog, run.engineLog];
  for (const file of files) await rm(file, { force: true });
  for (const folder of [run.checkpoints, run.logs, run.folder]) {
    // Not empty, or gone already.
    await rmdir(folder).catch(() => undefined);
  }
}
