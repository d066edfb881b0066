/**
 * What is read of a run as soon as somebody lists it must be small: a run.db from elsewhere may hold
 * settings of 500 MB, and opening a workspace would then fill the memory of its language server.
 */
import type { DatabaseSync } from 'node:sqlite';

/** Settings have some thousand characters, and what an engine says of itself has fewer. */
const LONGEST_BYTES = 2 ** 20;

const COLUMNS = {
  run: ['created_at', 'settings', 'departures', 'model_digest'],
  session: ['started_at', 'engine', 'sandbox', 'machine'],
  branch: ['parent'],
  checkpoint: ['path'],
} as const;

/** The table and column of a value that is too long to be ours; undefined when there is none. */
export function oversizedValue(database: DatabaseSync, version: number): string | undefined {
  for (const [table, columns] of Object.entries(COLUMNS)) {
    // Runs of the first versions cannot be branches.
    if (table === 'branch' && version < 3) continue;
    for (const column of columns) {
      // SQLite knows the length of a value without reading it.
      const sql = `SELECT 1 FROM main.${table} WHERE octet_length(${column}) > ${String(LONGEST_BYTES)} LIMIT 1`;
      if (database.prepare(sql).get() !== undefined) return `${table}.${column}`;
    }
  }
  return undefined;
}
