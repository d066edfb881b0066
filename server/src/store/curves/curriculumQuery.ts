/** How hard the accepted tasks were, over the run. Stretches that cannot change any more are kept. */
import type { Curriculum } from '../../../protocol/queries.ts';
import { CheckedRow } from '../rows/checkedRow.ts';
import { CurriculumTotals } from './curriculumTotals.ts';
import { lastStepOf } from './metricQueries.ts';
import { wholeNumber } from '../lists/pageCursor.ts';
import type { ReadConnection } from '../readConnection.ts';
import type { Scan } from '../lists/scan.ts';

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
   * of two long, so that while a run grows those that were measured stay, until all double. Each one
   * that is not known yet is a window of the scan.
   */
  *ask(stretches: number, estimationRollouts: number): Scan<Stretch[]> {
    const wanted = Math.min(wholeNumber('stretches', stretches, 1), MOST_STRETCHES);
    this.#forgetDiscarded();
    const lastStep = lastStepOf(this.#connection);
    let width = 1;
    while (width * wanted < lastStep + 1) width *= 2;
    const found: Stretch[] = [];
    for (let first = 0; first <= lastStep; first += width) {
      const last = first + width - 1;
      const known = this.#kept.get(keyOf(first, last));
      found.push(known ?? this.#measure(first, Math.min(last, lastStep), estimationRollouts));
      if (known !== undefined) continue;
      if (last <= lastStep) this.#keep(found.at(-1)!);
      yield;
    }
    return found;
  }

  #keep(stretch: Stretch): void {
    if (this.#kept.size >= STRETCHES_KEPT) this.#kept.clear();
    this.#kept.set(keyOf(stretch.firstStep, stretch.lastStep), stretch);
  }

  /** Steps that were discarded are made again, with other tasks. */
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
    this.#addSummaries(totals, firstStep, lastStep);
    return totals.stretch(firstStep, lastStep);
  }

  /**
   * One row for all steps: taking each over by itself cost ten times as much as adding it up. Bytes
   * are strung together as text, which SQLite neither reads nor changes; their number is checked.
   */
  #addSummaries(totals: CurriculumTotals, firstStep: number, lastStep: number): void {
    const row = this.#connection.first(
      `SELECT coalesce(sum(tasks), 0) AS tasks, total(learnability_total) AS learnability,
              coalesce(sum(syntax_nodes_total), 0) AS syntax_nodes,
              coalesce(sum(length(solve_rates) + length(templates)), 0) AS bytes,
              CAST(coalesce(group_concat(CAST(solve_rates AS TEXT), ''), '') AS BLOB) AS solve_rates,
              CAST(coalesce(group_concat(CAST(templates AS TEXT), ''), '') AS BLOB) AS templates
       FROM curriculum WHERE step BETWEEN ? AND ?`,
      firstStep,
      lastStep,
    );
    const checked = new CheckedRow(row ?? {}, this.#connection.path);
    const solveRates = checked.blob('solve_rates');
    const templates = checked.blob('templates');
    if (solveRates.length + templates.length !== checked.integer('bytes')) {
      throw new Error(`SQLite lost bytes of the curriculum of steps ${firstStep} to ${lastStep}.`);
    }
    totals.add(
      checked.integer('tasks'),
      checked.number('learnability'),
      checked.integer('syntax_nodes'),
    );
    totals.addSolveRates(solveRates);
    totals.addTemplates(templates);
  }
}

function keyOf(first: number, last: number): string {
  return `${String(first)}-${String(last)}`;
}
