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
  readonly #skills: SkillWriter;
  readonly #curriculum: StatementSync;
  readonly #tasks: StatementSync;

  constructor(database: DatabaseSync) {
    this.#ofStep = SUMMARY_ORDER.map((name) =>
      database.prepare(`${insertion(name)} WHERE step = ?`),
    );
    this.#skills = new SkillWriter(database);
    this.#curriculum = database.prepare(INSERT_CURRICULUM);
    this.#tasks = database.prepare(CURRICULUM_TASKS);
  }

  /** Adds the summaries of `step`, whose records are written; the transaction is its caller's. */
  write(step: number): void {
    for (const statement of this.#ofStep) statement.run(step);
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
  fillSkills(database);
  const steps = database.prepare('SELECT step FROM step ORDER BY step').all();
  const curriculum = database.prepare(INSERT_CURRICULUM);
  const tasks = database.prepare(CURRICULUM_TASKS);
  for (const row of steps) {
    const step = Number(row['step']);
    writeCurriculum(curriculum, step, tasks.all(step) as unknown as CurriculumTask[]);
  }
}

function insertion(name: SummaryView): string {
  const columns = SUMMARY_COLUMNS[name];
  return `INSERT INTO ${name} (${columns}) SELECT ${columns} FROM (${SUMMARY_VIEWS[name]})`;
}
