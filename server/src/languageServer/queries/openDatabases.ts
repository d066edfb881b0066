/** The databases that were asked about, each opened once and closed when its file goes. */
import { statSync } from 'node:fs';

import { RunQueries } from '../../store/lists/runQueries.ts';

interface OpenDatabase {
  readonly queries: RunQueries;
  readonly inode: number | undefined;
}

export class OpenDatabases {
  readonly #open = new Map<string, OpenDatabase>();

  /**
   * Ask again for every window of a scan: another file may have taken the place of the database, which
   * then has other queries. Throws a ProblemError when the database cannot be opened.
   */
  queries(path: string): RunQueries {
    this.closeGone();
    const known = this.#open.get(path);
    if (known !== undefined) return known.queries;
    const inode = inodeOf(path);
    const queries = RunQueries.open(path);
    this.#open.set(path, { queries, inode });
    return queries;
  }

  /** Closes those whose file was deleted or is another one: an open file keeps its space on the disk. */
  closeGone(): void {
    for (const [path, { queries, inode }] of this.#open) {
      if (inodeOf(path) === inode) continue;
      this.#open.delete(path);
      queries.close();
    }
  }
}

/** Undefined when there is no such file, or none that can be looked at. */
function inodeOf(path: string): number | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })?.ino;
  } catch {
    return undefined;
  }
}
