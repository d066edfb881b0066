/** Names for new runs, each taken by making its folder. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';

import { makeFolder } from '../files/makeFolder.ts';
import { folderNotMade } from './createRunFolder.ts';

/**
 * Makes a folder of its own below `runsFolder` for a run on `model` that starts now, and returns its path:
 * two runs may start within the second that names one. Throws ProblemError `folder-not-writable`.
 */
export function newRunFolder(runsFolder: string, model: string, startedAt: Date): string {
  const wanted = path.resolve(runsFolder, newRunName(model, startedAt));
  try {
    makeFolder(path.dirname(wanted));
    for (let number = 1; ; number += 1) {
      const folder = number === 1 ? wanted : `${wanted}-${number}`;
      if (isMade(folder)) return folder;
    }
  } catch (error) {
    throw folderNotMade(wanted, error);
  }
}

/** False where something has that name already. */
function isMade(folder: string): boolean {
  try {
    mkdirSync(folder, { mode: 0o700 });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Of when it started and on which model, so that names sort by age. */
function newRunName(model: string, startedAt: Date): string {
  const time = startedAt.toISOString().slice(0, 19).replaceAll(':', '-');
  const safeModel = path.basename(model).replaceAll(/[^\w.-]+/g, '_');
  return `${time}-${safeModel}`;
}
