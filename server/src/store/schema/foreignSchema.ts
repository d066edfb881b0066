/**
 * Compares the schema of a run.db with ours, word for word. A database from elsewhere can hold a
 * generated column that makes 200 MB out of nothing each time it is read, a trigger that writes when
 * a row is written, a view without an end in the place of a table: anything that is not ours is refused.
 */
import { DatabaseSync } from 'node:sqlite';

import { SCHEMA_PARTS } from './schemaParts.ts';

/** Longer than every statement of ours. */
const STATEMENT_CHARACTERS = 4_000;

const SCHEMA_ROWS = `
  SELECT type, name, substr(sql, 1, ${String(STATEMENT_CHARACTERS)}) AS sql FROM main.sqlite_schema`;

/**
 * What the schema of `database` has that is not ours, or lacks that a run has;
 * undefined when nothing is wrong. Indexes may be missing: a recorded run ships without them.
 */
export function foreignPart(database: DatabaseSync): string | undefined {
  const ours = ownSchema();
  const theirs = statementsOf(database);
  for (const [name, sql] of theirs) {
    if (ours.get(name) !== sql) return `${name} is not ours`;
  }
  const missing = [...ours.keys()].find((name) => name.startsWith('table ') && !theirs.has(name));
  return missing === undefined ? undefined : `${missing} is missing`;
}

let known: ReadonlyMap<string, string> | undefined;

function ownSchema(): ReadonlyMap<string, string> {
  known ??= makeSchema();
  return known;
}

function makeSchema(): ReadonlyMap<string, string> {
  const database = new DatabaseSync(':memory:');
  try {
    for (const part of SCHEMA_PARTS) database.exec(part);
    return statementsOf(database);
  } finally {
    database.close();
  }
}

/** Statements by kind and name, without the spaces in which they may differ. */
function statementsOf(database: DatabaseSync): Map<string, string> {
  return new Map(
    database
      .prepare(SCHEMA_ROWS)
      .all()
      .map(({ type, name, sql }) => [
        `${String(type)} ${String(name)}`,
        // SQLite's own indexes, for a primary key, have none.
        typeof sql === 'string' ? sql.replaceAll(/\s+/g, '') : '',
      ]),
  );
}
