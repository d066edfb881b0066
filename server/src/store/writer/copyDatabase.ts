/** A copy of a run.db as it is at this moment, also while a runner writes to it. */
import { chmodSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

import type { RunReader } from '../runReader.ts';
import { explainingErrors } from '../sqliteErrors.ts';

/** Writes what `reader` reads to `path`, which must not exist, for its owner only. Throws ProblemError. */
export function copyDatabase(reader: RunReader, path: string): void {
  const { path: source } = reader.connection;
  explainingErrors(source, () => {
    // The reader's own connection may have views in the place of tables that an earlier version lacks.
    const database = new DatabaseSync(source, { readOnly: true });
    try {
      database.prepare('VACUUM INTO ?').run(path);
    } finally {
      database.close();
    }
  });
  chmodSync(path, 0o600);
}
