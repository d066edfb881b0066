/** A copy of a run.db as it is at this moment, also while a runner writes to it. */
import { closeSync, openSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

import type { RunReader } from '../runReader.ts';
import { explainingErrors } from '../sqliteErrors.ts';

/** Writes what `reader` reads to `path`, which must not exist, for its owner only. Throws ProblemError. */
export function copyDatabase(reader: RunReader, path: string): void {
  const { path: source } = reader.connection;
  // Made first, so that at no moment anybody else can read it; SQLite takes an empty file as none.
  closeSync(openSync(path, 'wx', 0o600));
  explainingErrors(source, () => {
    // The reader's own connection may have views in the place of tables that an earlier version lacks.
    const database = new DatabaseSync(source, { readOnly: true });
    try {
      database.prepare('VACUUM INTO ?').run(path);
    } catch (error) {
      rmSync(path, { force: true });
      throw error;
    } finally {
      database.close();
    }
  });
}
