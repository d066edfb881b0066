/** Runs as documents and queries see them, looked up by their id. */
import { ProblemError } from '../../protocol/problem.ts';
import { existsSync } from 'node:fs';
import path from 'node:path';

import type { RunId } from '../../protocol/runs.ts';
import type { RunCatalog } from '../runs/runCatalog.ts';
import type { RunFolder } from '../runFolder/runFolder.ts';
import { RunQueries } from '../store/lists/runQueries.ts';
import type { Relatives } from '../store/lists/relatives.ts';
import type { RunReader } from '../store/runReader.ts';

export interface OpenRun {
  readonly id: RunId;
  readonly name: string;
  readonly folder: RunFolder;
  readonly reader: RunReader;
  readonly relatives: Relatives;
  readonly queries: RunQueries;
}

export class OpenRuns {
  readonly #catalog: Pick<RunCatalog, 'run'>;
  /** A curriculum remembers what it summed up, so queries live as long as their reader. */
  readonly #queries = new WeakMap<RunReader, RunQueries>();

  constructor(catalog: Pick<RunCatalog, 'run'>) {
    this.#catalog = catalog;
  }

  /**
   * Ask again for every request: the catalog closes what it handed out when the database goes away.
   * Throws an error with a remedy when the run is not there or not readable.
   */
  run(id: RunId): OpenRun {
    const { folder, reader } = this.#catalog.run(id);
    // The open file outlives its name, and would show a run that cannot be found any more.
    if (!existsSync(folder.database)) throw deleted(folder);
    let queries = this.#queries.get(reader);
    if (queries === undefined) {
      queries = new RunQueries(reader);
      this.#queries.set(reader, queries);
    }
    const name = path.basename(folder.folder);
    return { id, name, folder, reader, queries, relatives: queries.relatives };
  }
}

function deleted({ folder }: RunFolder): ProblemError {
  return new ProblemError({
    code: 'run-deleted',
    message: `The run in ${folder} is gone: there is no run.db any more.`,
    remedy: 'Put the folder back where it was, or close what shows the run.',
  });
}
