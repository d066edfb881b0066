/**
 * Where version 4 keeps prompts, completions, tokens and log-probabilities: deflated, several
 * together. Rows that earlier versions wrote keep theirs as they are, in `rollout` and `prompt`.
 */
import type { DatabaseSync } from 'node:sqlite';

/** What version 4 adds to tables of version 1. */
const PACK_COLUMNS: Readonly<Record<string, readonly string[]>> = {
  // The pack that holds the rollout's completion, tokens and log-probabilities, and the place in it,
  // from 0; the columns for them are then empty. NULL where they are in the row itself.
  rollout: ['pack INTEGER', 'place INTEGER', 'token_count INTEGER'],
  prompt: ['pack INTEGER', 'place INTEGER'],
};

const PACK_SCHEMA = `
-- See packFormat.ts. The id is that of the first rollout.
CREATE TABLE IF NOT EXISTS rollout_pack (
  id INTEGER PRIMARY KEY,
  step INTEGER NOT NULL,
  completions BLOB NOT NULL,
  tokens BLOB NOT NULL,
  log_probabilities BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS rollout_pack_step ON rollout_pack (step);

-- The id is that of the first group.
CREATE TABLE IF NOT EXISTS prompt_pack (
  id INTEGER PRIMARY KEY,
  step INTEGER NOT NULL,
  prompts BLOB NOT NULL,
  tokens BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS prompt_pack_step ON prompt_pack (step);

-- How many bytes the completions of all steps up to this one took, tokens and log-probabilities
-- included and whatever was pruned since, so that no sum has to be made; and, where the step's were
-- pruned, the setting that asked for it.
CREATE TABLE IF NOT EXISTS completion_size (
  step INTEGER PRIMARY KEY,
  total_bytes INTEGER NOT NULL,
  pruned_by TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS completion_size_kept ON completion_size (step) WHERE pruned_by IS NULL;

DROP INDEX IF EXISTS rollout_token_bytes;
CREATE INDEX IF NOT EXISTS rollout_token_count ON rollout (coalesce(token_count, length(tokens) / 4));
`;

/** How many tokens a completion has, as an expression over `rollout`; as the index has it. */
export const TOKEN_COUNT = 'coalesce(rollout.token_count, length(rollout.tokens) / 4)';

/** Sizes of steps that an earlier version wrote. */
const FILL_SIZES = `
INSERT INTO completion_size (step, total_bytes)
SELECT step, sum(bytes) OVER (ORDER BY step) FROM (
  SELECT step.step, coalesce((
    SELECT sum(octet_length(completion) + length(tokens) + length(log_probabilities))
    FROM rollout WHERE rollout.step = step.step), 0) AS bytes
  FROM step)
WHERE NOT EXISTS (SELECT 1 FROM completion_size)
`;

/** Brings tables of an earlier version, new or full, to version 4; the transaction is the caller's. */
export function addPacks(database: DatabaseSync): void {
  for (const [table, columns] of Object.entries(PACK_COLUMNS)) {
    const known = new Set(
      database
        .prepare(`PRAGMA table_info(${table})`)
        .all()
        .map(({ name }) => name),
    );
    for (const column of columns.filter((definition) => !known.has(nameOf(definition)))) {
      database.exec(`ALTER TABLE ${table} ADD COLUMN ${column}`);
    }
  }
  database.exec(PACK_SCHEMA);
  database.exec(FILL_SIZES);
}

/**
 * Lets readers ask a database of an earlier version for what version 4 has. These are views of the
 * connection, not of the file: nothing is written to it.
 */
export function addPackViews(database: DatabaseSync): void {
  for (const [table, columns] of Object.entries(PACK_COLUMNS)) {
    const absent = columns.map((definition) => `NULL AS ${nameOf(definition)}`).join(', ');
    database.exec(`CREATE TEMP VIEW ${table} AS SELECT *, ${absent} FROM main.${table}`);
  }
  addEmptyViews(database, PACK_SCHEMA);
}

/** Lets readers ask for tables of `schema` that a database does not have: they are empty. */
export function addEmptyViews(database: DatabaseSync, schema: string): void {
  for (const [, table = '', body = ''] of schema.matchAll(
    /CREATE TABLE IF NOT EXISTS (\w+) \((.*?)\) STRICT/gs,
  )) {
    const absent = [...body.matchAll(/^ {2}([a-z]\w*)/gm)].map(
      ([, name = '']) => `NULL AS ${name}`,
    );
    database.exec(`CREATE TEMP VIEW ${table} AS SELECT ${absent.join(', ')} WHERE 0`);
  }
}

function nameOf(column: string): string {
  return column.slice(0, column.indexOf(' '));
}
