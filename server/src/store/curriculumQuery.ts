/** How hard the accepted tasks were, over the run. Stretches that cannot change any more are kept. */
import type { Curriculum } from '../../protocol/queries.ts';
import { CheckedRow } from './checkedRow.ts';
import { CURRICULUM_TASKS, type CurriculumTask, summariseCurriculum } from './curriculumSummary.ts';
import { CurriculumTotals } from './curriculumTotals.ts';
import { lastStepOf } from './metricQueries.ts';
import { floatsToBlob, integersToBlob } from './numberBlobs.ts';
import { wholeNumber } from './pageCursor.ts';
import type { ReadConnection } from './readConnection.ts';

type Stretch = Curriculum['stretches'][number];

const MOST_STRETCHES = 200;
const STRETCHES_KEPT = 1000;

export class CurriculumQuery {
  readonly #connection: ReadConnection;
  readonly #kept = new Map<string, Stretch>();
  #sequence = 0;

  constructor(connection: ReadConnection) {
    this.#connection = connection;
  }

  /**
   * At most `stretches` equally long stretches, the last of which may be shorter. They are a power
   * of two long, so that while a run grows those that were measured stay, until all double.
   */
  ask(stretches: number, estimationRollouts: number): Curriculum['stretches'] {
    const wanted = Math.min(wholeNumber('stretches', stretches, 1), MOST_STRETCHES);
    this.#forgetDiscarded();
    const lastStep = lastStepOf(this.#connection);
    let width = 1;
    while (width * wanted < lastStep + 1) width *= 2;
    const found: Stretch[] = [];
    for (let first = 0; first <= lastStep; first += width) {
      const last = first + width - 1;
      found.push(
        last > lastStep
          ? this.#measure(first, lastStep, estimationRollouts)
          : this.#complete(first, last, estimationRollouts),
      );
    }
    return found;
  }

  #complete(first: number, last: number, estimationRollouts: number): Stretch {
    const key = `${String(first)}-${String(last)}`;
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    const stretch = this.#measure(first, last, estimationRollouts);
    if (this.#kept.size >= STRETCHES_KEPT) this.#kept.clear();
    this.#kept.set(key, stretch);
    return stretch;
  }

  /** Steps that were discarded are made anew, with other tasks. */
  #forgetDiscarded(): void {
    const discarded = this.#connection.first(
      "SELECT 1 FROM change WHERE sequence > ? AND kind = 'discard' LIMIT 1",
      this.#sequence,
    );
    if (discarded !== undefined) this.#kept.clear();
    const row = this.#connection.first('SELECT coalesce(max(sequence), 0) AS last FROM change');
    this.#sequence = Number(row?.['last']);
  }

  #measure(firstStep: number, lastStep: number, estimationRollouts: number): Stretch {
    const totals = new CurriculumTotals(estimationRollouts);
    if (this.#connection.hasTable('curriculum')) this.#addSummaries(totals, firstStep, lastStep);
    else this.#addTasks(totals, firstStep, lastStep);
    return totals.stretch(firstStep, lastStep);
  }

  #addSummaries(totals: CurriculumTotals, firstStep: number, lastStep: number): void {
    const rows = this.#connection.all(
      `SELECT solve_rates, tasks, learnability_total, syntax_nodes_total, templates
       FROM curriculum WHERE step BETWEEN ? AND ?`,
      firstStep,
      lastStep,
    );
    for (const row of rows) {
      const checked = new CheckedRow(row, this.#connection.path);
      totals.add(
        checked.integer('tasks'),
        checked.number('learnability_total'),
        checked.integer('syntax_nodes_total'),
      );
      totals.addSolveRates(checked.blob('solve_rates'));
      totals.addTemplates(checked.blob('templates'));
    }
  }

  /** For a database of an earlier version. */
  #addTasks(totals: CurriculumTotals, firstStep: number, lastStep: number): void {
    const rows = this.#connection.all(
      `${CURRICULUM_TASKS} WHERE step BETWEEN ? AND ?`,
      firstStep,
      lastStep,
    );
    const summary = summariseCurriculum(rows as unknown as CurriculumTask[]);
    totals.add(summary.tasks, summary.learnabilityTotal, summary.syntaxNodesTotal);
    totals.addSolveRates(floatsToBlob(summary.solveRates));
    totals.addTemplates(integersToBlob(summary.templates));
  }
}
