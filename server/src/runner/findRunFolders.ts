/** Looks for run folders where they usually are; it does not crawl whole disks. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';

import { readRunnerAddress, stalenessOf } from './runnerAddress.ts';
import { type RunFolder, runFolderAt } from './runFolder.ts';
import { RUNS_FOLDER } from './runsFolder.ts';

/** A folder with more folders than this is a store of something else. */
const MAXIMUM_FOLDERS = 5_000;

const NEVER_RUNS = new Set(['node_modules', 'checkpoints', 'logs', '__pycache__']);

export interface FoundRuns {
  readonly runs: readonly RunFolder[];
  /** Folders in which a new run may appear. */
  readonly places: readonly string[];
}

/** Runs in `searchFolder`, in its folder `runs`, and one level below each of them. */
export async function findRunFolders(searchFolder: string): Promise<FoundRuns> {
  const runs = new Map<string, RunFolder>();
  const places = [searchFolder];
  const below = async (folder: string): Promise<string[]> => {
    const others: string[] = [];
    for (const name of await folderNames(folder)) {
      const run = runFolderAt(path.join(folder, name));
      if (isRun(run)) runs.set(run.folder, run);
      else others.push(run.folder);
    }
    return others;
  };
  const itself = runFolderAt(searchFolder);
  if (isRun(itself)) runs.set(itself.folder, itself);
  const runsFolder = path.join(itself.folder, RUNS_FOLDER);
  for (const folder of await below(itself.folder)) {
    const others = await below(folder);
    if (folder === runsFolder) {
      places.push(folder);
      for (const other of others) await below(other);
    }
  }
  return { runs: [...runs.values()], places };
}

/** A database, or a runner that is about to make one. */
export function isRun(run: RunFolder): boolean {
  if (existsSync(run.database)) return true;
  const address = readRunnerAddress(run);
  return address !== undefined && stalenessOf(address) === undefined;
}

async function folderNames(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
      .map(({ name }) => name)
      .filter((name) => !name.startsWith('.') && !NEVER_RUNS.has(name))
      .slice(0, MAXIMUM_FOLDERS);
  } catch {
    // It is gone, is no folder, or is not ours to read: there are no runs in it.
    return [];
  }
}
