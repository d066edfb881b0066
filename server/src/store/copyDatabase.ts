/** A copy of a run.db as it is at this moment, also while a runner writes to it. */
import { chmodSync } from 'node:fs';

import type { RunReader } from './runReader.ts';

/** Writes what `reader` reads to `path`, which must not exist, for its owner only. Throws StoreError. */
export function copyDatabase(reader: RunReader, path: string): void {
  reader.connection.all('VACUUM INTO ?', path);
  chmodSync(path, 0o600);
}
