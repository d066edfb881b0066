/**
 * Compares the schema of a run.db with ours, word for word. A database from elsewhere can hold a
 * generated column that makes 200 MB out of nothing each time it is read, a trigger that writes when
 * a row is written, a view without an end in the place of a table: anything that is not ours is refused.
 */
import { DatabaseSync } from 'node:sqlite';

import { addPacks } from './packSchema.ts';
import { LEARNED_SCHEMA } from './learnedSchema.ts';
import { BRANCH_SCHEMA, SCHEMA, SCHEMA_VERSION } from './schema.ts';
import { SUMMARY_SCHEMA } from './summarySchema.ts';

/** Of versions 2 and 3; version 4 has another in its place. */
const EARLIER_INDEX = 'CREATE INDEX rollout_token_bytes ON rollout (length(tokens))';
/** Longer than every statement of ours. */
const STATEMENT_CHARACTERS = 4_000;

const SCHEMA_ROWS = `
  SELECT type, name, substr(sql, 1, ${String(STATEMENT_CHARACTERS)}) AS sql FROM main.sqlite_schema`;

/**
 * What the schema of `database`, of the given version, has that is not ours, or lacks that a run has;
 * undefined when nothing is wrong. Indexes may be missing: a recorded run ships without them.
 */
export function foreignPart(database: DatabaseSync, version: number): string | undefined {
  const ours = schemaOf(version);
  const theirs = statementsOf(database);
  for (const [name, sql] of theirs) {
    if (ours.get(name) !== sql) return `${name} is not ours`;
  }
  const missing = [...ours.keys()].find((name) => name.startsWith('table ') && !theirs.has(name));
  return missing === undefined ? undefined : `${missing} is missing`;
}

const known = new Map<number, ReadonlyMap<string, string>>();

function schemaOf(version: number): ReadonlyMap<string, string> {
  let schema = known.get(version);
  if (schema === undefined) {
    schema = makeSchema(version);
    known.set(version, schema);
  }
  return schema;
}

function makeSchema(version: number): ReadonlyMap<string, string> {
  const database = new DatabaseSync(':memory:');
  try {
    database.exec(SCHEMA);
    if (version >= 2) database.exec(SUMMARY_SCHEMA);
    if (version >= 3) database.exec(BRANCH_SCHEMA);
    if (version < 4) database.exec(EARLIER_INDEX);
    else addPacks(database);
    if (version >= SCHEMA_VERSION) database.exec(LEARNED_SCHEMA);
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
