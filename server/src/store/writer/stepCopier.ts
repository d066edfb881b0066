/** Copies the rows of a step from one run.db to another, as they are. */
import type { DatabaseSync } from 'node:sqlite';

import type { ReadConnection, SqlValue } from '../readConnection.ts';

/** Tables of records with a `step` column, in an order in which a row never refers to a later one. */
const BY_STEP = [
  ...['prompt_pack', 'prompt', 'rollout_pack', 'rollout', 'proposal', 'task', 'baseline'],
  ...['task_attempt', 'harvest', 'gold_document'],
  ...['metric', 'completion_size', 'step'],
] as const;
/** Tables whose rows belong to a rollout. */
const BY_ROLLOUT = ['reward_term', 'execution'] as const;

/** The caller holds a transaction on `database`; summaries are not copied. Throws ProblemError. */
export function copyStep(source: ReadConnection, database: DatabaseSync, step: number): void {
  for (const table of BY_STEP) {
    copyRows(source, database, table, 'step = ?', step);
  }
  for (const table of BY_ROLLOUT) {
    const rollouts = 'rollout_id IN (SELECT id FROM rollout WHERE step = ?)';
    copyRows(source, database, table, rollouts, step);
  }
}

function copyRows(
  source: ReadConnection,
  database: DatabaseSync,
  table: string,
  condition: string,
  step: number,
): void {
  const names = database
    .prepare(`PRAGMA table_info(${table})`)
    .all()
    .map(({ name }) => String(name));
  const places = names.map(() => '?').join(', ');
  const insert = database.prepare(`INSERT INTO ${table} (${names.join(', ')}) VALUES (${places})`);
  const rows = source.all(`SELECT ${names.join(', ')} FROM ${table} WHERE ${condition}`, step);
  for (const row of rows) insert.run(...names.map((name) => row[name] as SqlValue));
}
