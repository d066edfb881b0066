/**
 * Keeps the summaries of a run.db true to its records. The SQL that defines a summary also fills it,
 * for one step at its commit and, where records were made in bulk, for all steps at once.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';

import {
  type CurriculumTask,
  CURRICULUM_TASKS,
  summariseCurriculum,
} from '../schema/curriculumSummary.ts';
import { floatsToBlob, integersToBlob } from '../packs/numberBlobs.ts';
import { fillSkills, SkillWriter } from '../schema/skillSummary.ts';
import {
  METRIC_STRETCH_WIDTHS,
  SUMMARY_COLUMNS,
  SUMMARY_ORDER,
  SUMMARY_VIEWS,
  type SummaryView,
} from '../schema/summarySchema.ts';

/** Summaries with a `step` column, whose rows go with their step. */
export const SUMMARY_STEP_TABLES = [...SUMMARY_ORDER, 'curriculum'] as const;

const INSERT_CURRICULUM = `INSERT INTO curriculum
  (step, solve_rates, tasks, learnability_total, syntax_nodes_total, templates)
  VALUES (?, ?, ?, ?, ?, ?)`;

export class SummaryWriter {
  readonly #ofStep: readonly StatementSync[];
  readonly #stretches: readonly StatementSync[];
  readonly #skills: SkillWriter;
  readonly #curriculum: StatementSync;
  readonly #tasks: StatementSync;

  constructor(database: DatabaseSync) {
    this.#ofStep = SUMMARY_ORDER.map((name) =>
      database.prepare(`${insertion(name)} WHERE step = ?`),
    );
    this.#stretches = METRIC_STRETCH_WIDTHS.map((width) =>
      database.prepare(
        `INSERT INTO metric_stretch (name, width, first_step, total, count)
         SELECT name, ${String(width)}, step / ${String(width)} * ${String(width)}, coalesce(value, 0), value IS NOT NULL
         FROM metric WHERE step = ?
         ON CONFLICT (name, width, first_step)
         DO UPDATE SET total = total + excluded.total, count = count + excluded.count`,
      ),
    );
    this.#skills = new SkillWriter(database);
    this.#curriculum = database.prepare(INSERT_CURRICULUM);
    this.#tasks = database.prepare(CURRICULUM_TASKS);
  }

  /** Adds the summaries of `step`, whose records are written; the transaction is its caller's. */
  write(step: number): void {
    for (const statement of this.#ofStep) statement.run(step);
    for (const statement of this.#stretches) statement.run(step);
    this.#skills.write(step);
    writeCurriculum(this.#curriculum, step, this.#tasks.all(step) as unknown as CurriculumTask[]);
  }
}

function writeCurriculum(
  statement: StatementSync,
  step: number,
  tasks: readonly CurriculumTask[],
): void {
  const summary = summariseCurriculum(tasks);
  statement.run(
    step,
    floatsToBlob(summary.solveRates),
    summary.tasks,
    summary.learnabilityTotal,
    summary.syntaxNodesTotal,
    integersToBlob(summary.templates),
  );
}

/** Fills the empty summaries of a database from all of its records. */
export function fillSummaries(database: DatabaseSync): void {
  for (const name of SUMMARY_ORDER) database.exec(insertion(name));
  for (const width of METRIC_STRETCH_WIDTHS) {
    database.prepare(fillStretches(width)).run(0);
  }
  fillSkills(database);
  const steps = database.prepare('SELECT step FROM step ORDER BY step').all();
  const curriculum = database.prepare(INSERT_CURRICULUM);
  const tasks = database.prepare(CURRICULUM_TASKS);
  for (const row of steps) {
    const step = Number(row['step']);
    writeCurriculum(curriculum, step, tasks.all(step) as unknown as CurriculumTask[]);
  }
}

/** Makes the sums of metrics right after every step beyond `step` was deleted. */
export function repairMetricStretches(database: DatabaseSync, step: number): void {
  for (const width of METRIC_STRETCH_WIDTHS) {
    // The stretch that `step` lies in may have summed steps that are gone.
    const first = Math.floor(Math.max(step, 0) / width) * width;
    database
      .prepare('DELETE FROM metric_stretch WHERE width = ? AND first_step >= ?')
      .run(width, first);
    database.prepare(fillStretches(width)).run(first);
  }
}

function insertion(name: SummaryView): string {
  const columns = SUMMARY_COLUMNS[name];
  return `INSERT INTO ${name} (${columns}) SELECT ${columns} FROM (${SUMMARY_VIEWS[name]})`;
}

function fillStretches(width: number): string {
  const text = String(width);
  return `INSERT INTO metric_stretch (name, width, first_step, total, count)
    SELECT name, ${text}, step / ${text} * ${text} AS first_step, coalesce(sum(value), 0), count(value)
    FROM metric WHERE step >= ? GROUP BY name, first_step`;
}
