/**
 * How often tasks with each construct were solved, summed over stretches of steps as steps are
 * committed: a map of the skills of a long run then reads some thousand rows.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';

import type { SkillSource } from '../../../protocol/queries.ts';

/**
 * Widths of the stretches, in steps, each a multiple of the one before. Held-out tasks, asked every few
 * steps, are also kept by step.
 */
export const SKILL_WIDTHS = {
  'held-out': [1, 8, 64, 512, 4096],
  'self-play': [8, 64, 512, 4096],
} as const satisfies Record<SkillSource, readonly number[]>;

export const SKILL_SCHEMA = `
-- Of the tasks with a construct that were asked in the steps from first_step on, as many as the width
-- says: how many, and the sum of their solve rates. Held-out tasks count each time they were asked.
CREATE TABLE skill_stretch (
  source TEXT NOT NULL,
  width INTEGER NOT NULL,
  first_step INTEGER NOT NULL,
  construct TEXT NOT NULL,
  tasks INTEGER NOT NULL,
  solved REAL NOT NULL,
  PRIMARY KEY (source, width, first_step, construct)
) STRICT, WITHOUT ROWID;
`;

const CONSTRUCTS =
  "json_each(CASE WHEN json_valid(task.constructs) THEN task.constructs ELSE '[]' END) AS construct";

/** One row per construct of a task that was asked: a new task in self-play, a held-out one greedily. */
const ASKED: Readonly<Record<SkillSource, string>> = {
  'held-out': `SELECT rollout.step, construct.value AS name, rollout.verdict IS 'correct' AS solved
    FROM rollout JOIN task ON task.id = rollout.task_id, ${CONSTRUCTS}
    WHERE rollout.phase = 'greedy' AND construct.type = 'text' AND rollout.step`,
  'self-play': `SELECT task.step, construct.value AS name, task.solve_rate AS solved
    FROM task, ${CONSTRUCTS}
    WHERE task.solve_rate IS NOT NULL AND construct.type = 'text' AND task.step`,
};
const SOURCES = Object.keys(ASKED) as SkillSource[];

export class SkillWriter {
  readonly #statements: readonly StatementSync[];

  constructor(database: DatabaseSync) {
    this.#statements = statements(database, '= ?');
  }

  /** Adds `step`, whose records are written; the transaction is its caller's. */
  write(step: number): void {
    for (const statement of this.#statements) statement.run(step);
  }
}

/** Fills the empty table from all records. */
export function fillSkills(database: DatabaseSync): void {
  for (const statement of statements(database, '>= ?')) statement.run(0);
}

/** Makes the sums right after every step beyond `step` was deleted. */
export function repairSkills(database: DatabaseSync, step: number): void {
  const remove = database.prepare(
    'DELETE FROM skill_stretch WHERE source = ? AND width = ? AND first_step >= ?',
  );
  for (const source of SOURCES) {
    const widths: readonly number[] = SKILL_WIDTHS[source];
    for (const [index, width] of widths.entries()) {
      // The stretch that `step` lies in may have summed steps that are gone.
      const first = Math.floor(Math.max(step, 0) / width) * width;
      remove.run(source, width, first);
      const narrower = widths[index - 1];
      const sql =
        narrower === undefined ? addition(source, width, '>= ?') : sum(source, width, narrower);
      database.prepare(sql).run(first);
    }
  }
}

/** A wide stretch from narrow ones, which are right already: its tasks would be thousands. */
function sum(source: SkillSource, width: number, narrower: number): string {
  const text = String(width);
  return `INSERT INTO skill_stretch (source, width, first_step, construct, tasks, solved)
    SELECT source, ${text}, first_step / ${text} * ${text} AS first, construct, sum(tasks), total(solved)
    FROM skill_stretch WHERE source = '${source}' AND width = ${String(narrower)} AND first_step >= ?
    GROUP BY first, construct`;
}

function statements(database: DatabaseSync, steps: string): StatementSync[] {
  return SOURCES.flatMap((source) =>
    SKILL_WIDTHS[source].map((width) => database.prepare(addition(source, width, steps))),
  );
}

function addition(source: SkillSource, width: number, steps: string): string {
  const text = String(width);
  return `INSERT INTO skill_stretch (source, width, first_step, construct, tasks, solved)
    SELECT '${source}', ${text}, step / ${text} * ${text} AS first_step, name, count(*), total(solved)
    FROM (${ASKED[source]} ${steps}) WHERE true GROUP BY first_step, name
    ON CONFLICT (source, width, first_step, construct)
    DO UPDATE SET tasks = tasks + excluded.tasks, solved = solved + excluded.solved`;
}
