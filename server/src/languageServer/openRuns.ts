/**
 * Runs as documents, lenses and the stories of rewards see them, looked up by their id: these read some
 * rows by their ids, in less than a millisecond. What takes longer is read in a thread, see queries.
 */
import { ProblemError } from '../../protocol/problem.ts';
import { existsSync } from 'node:fs';
import path from 'node:path';

import type { RunId } from '../../protocol/runs.ts';
import type { RunCatalog } from '../runs/runCatalog.ts';
import type { RunFolder } from '../runFolder/runFolder.ts';
import { Relatives } from '../store/lists/relatives.ts';
import type { RunReader } from '../store/runReader.ts';

export interface OpenRun {
  readonly id: RunId;
  readonly name: string;
  readonly folder: RunFolder;
  readonly reader: RunReader;
  readonly relatives: Relatives;
}

export class OpenRuns {
  readonly #catalog: Pick<RunCatalog, 'folder' | 'run'>;

  constructor(catalog: Pick<RunCatalog, 'folder' | 'run'>) {
    this.#catalog = catalog;
  }

  /**
   * Ask again for every request: the catalog closes what it handed out when the database goes away.
   * Throws an error with a remedy when the run is not there or not readable.
   */
  run(id: RunId): OpenRun {
    const { folder, reader } = this.#catalog.run(id);
    requireDatabase(folder);
    const name = path.basename(folder.folder);
    return { id, name, folder, reader, relatives: new Relatives(reader.connection) };
  }

  /** Path of the run's database, which is there. Throws an error with a remedy when it is not. */
  database(id: RunId): string {
    const folder = this.#catalog.folder(id);
    requireDatabase(folder);
    return folder.database;
  }
}

/** The open file outlives its name, and would show a run that cannot be found any more. */
function requireDatabase({ folder, database }: RunFolder): void {
  if (existsSync(database)) return;
  throw new ProblemError({
    code: 'run-deleted',
    message: `The run in ${folder} is gone: there is no run.db any more.`,
    remedy: 'Put the folder back where it was, or close what shows the run.',
  });
}
