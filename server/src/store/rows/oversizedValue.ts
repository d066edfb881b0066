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

/** So many starts, or kept checkpoints, no run of ours has. */
const MOST_ROWS = { session: 10_000, checkpoint: 100_000 } as const;
/** Of all starts together: each is described in some hundred characters. */
const ALL_SESSIONS_BYTES = 16 * 2 ** 20;

/** The table that has more rows, or more in them, than ours; undefined when there is none. */
export function oversizedTable(database: DatabaseSync): string | undefined {
  for (const [table, most] of Object.entries(MOST_ROWS)) {
    const sql = `SELECT 1 FROM main.${table} LIMIT 1 OFFSET ${String(most)}`;
    if (database.prepare(sql).get() !== undefined) return table;
  }
  const lengths = COLUMNS.session.map((column) => `octet_length(${column})`).join(' + ');
  const sum = database.prepare(`SELECT coalesce(sum(${lengths}), 0) AS bytes FROM main.session`);
  return Number(sum.get()?.['bytes']) > ALL_SESSIONS_BYTES ? 'session' : undefined;
}

/** The table and column of a value that is too long to be ours; undefined when there is none. */
export function oversizedValue(database: DatabaseSync): string | undefined {
  for (const [table, columns] of Object.entries(COLUMNS)) {
    for (const column of columns) {
      // SQLite knows the length of a value without reading it.
      const sql = `SELECT 1 FROM main.${table} WHERE octet_length(${column}) > ${String(LONGEST_BYTES)} LIMIT 1`;
      if (database.prepare(sql).get() !== undefined) return `${table}.${column}`;
    }
  }
  return undefined;
}
