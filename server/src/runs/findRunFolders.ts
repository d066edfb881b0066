/** Looks for run folders where they usually are; it does not crawl whole disks. */
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';

import { readRunnerAddress, stalenessOf } from '../runFolder/runnerAddress.ts';
import { type RunFolder, runFolderAt } from '../runFolder/runFolder.ts';
import { RUNS_FOLDER } from '../runFolder/runsFolder.ts';

/** All folders that one look at a search folder takes in: beyond, it is a store of something else. */
const MAXIMUM_FOLDERS = 5_000;
const MAXIMUM_RUNS = 2_000;

const NEVER_RUNS = new Set(['node_modules', 'checkpoints', 'logs', '__pycache__']);

export interface FoundRuns {
  readonly runs: readonly RunFolder[];
  /** Folders in which a new run may appear. */
  readonly places: readonly string[];
}

/** Runs in `searchFolder`, in its folder `runs`, and one level below each of them. */
export async function findRunFolders(searchFolder: string): Promise<FoundRuns> {
  const search = new Search();
  const itself = runFolderAt(searchFolder);
  const places = [searchFolder];
  const runsFolder = path.join(itself.folder, RUNS_FOLDER);
  if (isRun(itself)) search.runs.push(itself);
  for (const folder of await search.below(itself.folder)) {
    const others = await search.below(folder);
    if (folder === runsFolder) {
      places.push(folder);
      for (const other of others) await search.below(other);
    }
  }
  return { runs: search.runs, places };
}

/**
 * One look at a search folder. Links are followed, since people keep their runs on another disk; but a
 * folder that many links lead to is looked at once, or a few thousand links would be millions of runs.
 */
class Search {
  readonly runs: RunFolder[] = [];
  readonly #seen = new Set<string>();

  /** Adds the runs in `folder`; returns the other folders in it. */
  async below(folder: string): Promise<string[]> {
    const others: string[] = [];
    for (const name of await folderNames(folder)) {
      const run = runFolderAt(path.join(folder, name));
      if (this.#seen.size >= MAXIMUM_FOLDERS || this.runs.length >= MAXIMUM_RUNS) break;
      if (!(await this.#isNew(run.folder))) continue;
      if (isRun(run)) this.runs.push(run);
      else others.push(run.folder);
    }
    return others;
  }

  async #isNew(folder: string): Promise<boolean> {
    try {
      const { dev, ino } = await stat(folder, { bigint: true });
      const identity = `${dev} ${ino}`;
      if (this.#seen.has(identity)) return false;
      this.#seen.add(identity);
      return true;
    } catch {
      // A link that leads nowhere, or a folder that went away.
      return false;
    }
  }
}

/** A database, or a runner that is about to make one. */
export function isRun(run: RunFolder): boolean {
  if (existsSync(run.database)) return true;
  // Most folders of a workspace are none, and reading what is not there costs far more than to ask.
  if (!existsSync(run.owner)) return false;
  const address = readRunnerAddress(run);
  return address !== undefined && stalenessOf(address) === undefined;
}

async function folderNames(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
      .map(({ name }) => name)
      .filter((name) => !name.startsWith('.') && !NEVER_RUNS.has(name));
  } catch {
    // It is gone, is no folder, or is not ours to read: there are no runs in it.
    return [];
  }
}
