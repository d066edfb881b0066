/**
 * Everything that viewers read from one run.db: lists a page at a time, curves, the curriculum, and
 * what belongs together. What may have to look at many rows is a {@link Scan}, of which no window
 * takes longer than the other calls.
 */
import type {
  AttemptItem,
  Curriculum,
  MetricQuery,
  MetricTable,
  Page,
  ProposalItem,
  RolloutItem,
  SkillMap,
  StepItemsQuery,
  StepsQuery,
  TableQuery,
} from '../../../protocol/queries.ts';
import type { RunId, StepOverview } from '../../../protocol/runs.ts';
import { CurriculumQuery } from '../curves/curriculumQuery.ts';
import { metricNames, metricTable } from '../curves/metricQueries.ts';
import type { ReadConnection } from '../readConnection.ts';
import { Relatives } from './relatives.ts';
import { RunReader } from '../runReader.ts';
import type { Scan } from './scan.ts';
import { skillTable } from '../curves/skillQuery.ts';
import { stepItemsPage, stepsPage } from './stepQueries.ts';
import { tablePage } from './tableQuery.ts';

/** Every method throws a ProblemError when the file cannot be read or the query makes no sense. */
export class RunQueries {
  /** Whole records, over the same connection. */
  readonly reader: RunReader;
  /** Proposals of tasks, children of tasks, members of groups, places in lists. */
  readonly relatives: Relatives;
  readonly #connection: ReadConnection;
  readonly #curriculum: CurriculumQuery;

  /** Queries over the connection of `reader`, which its owner closes. */
  constructor(reader: RunReader) {
    this.reader = reader;
    this.#connection = reader.connection;
    this.relatives = new Relatives(this.#connection);
    this.#curriculum = new CurriculumQuery(this.#connection);
  }

  /** Opens the run.db at `path` for reading; a runner may write to it meanwhile. */
  static open(path: string): RunQueries {
    return new RunQueries(RunReader.open(path));
  }

  /** Closes the connection, and with it the reader. */
  close(): void {
    this.reader.close();
  }

  steps(query: StepsQuery): Scan<Page<StepOverview>> {
    return this.#scan(() => stepsPage(this.#connection, query));
  }

  stepItems(query: StepItemsQuery): Page<ProposalItem | AttemptItem> {
    return this.#snapshot(() => stepItemsPage(this.#connection, query));
  }

  /** The answers to one task, newest first. */
  answers(taskId: number, limit: number): Page<RolloutItem> {
    return this.relatives.answers(taskId, limit);
  }

  table(query: TableQuery): Scan<Page<ProposalItem | RolloutItem>> {
    return this.#scan(() => tablePage(this.#connection, query));
  }

  metrics(query: MetricQuery): Scan<MetricTable> {
    return this.#scan(() => metricTable(this.#connection, query));
  }

  metricNames(): string[] {
    return this.#snapshot(() => metricNames(this.#connection));
  }

  *curriculum(runId: RunId, stretches: number): Scan<Curriculum> {
    const { estimationRollouts } = this.reader.information().settings;
    const found = yield* this.#scan(() => this.#curriculum.ask(stretches, estimationRollouts));
    return { runId, stretches: found, estimationRollouts };
  }

  skillMap(runId: RunId): SkillMap {
    return this.#snapshot(() => ({
      runId,
      heldOut: skillTable(this.#connection, 'held-out'),
      selfPlay: skillTable(this.#connection, 'self-play'),
    }));
  }

  /**
   * Each window sees one state of the database. Where steps were taken back between two windows the
   * scan begins again, so that no answer mixes rows from before with rows from after.
   */
  *#scan<Result>(begin: () => Scan<Result>): Scan<Result> {
    let scan: Scan<Result> | undefined;
    let sequence = 0;
    for (;;) {
      const window = this.#snapshot(() => {
        if (scan === undefined || this.reader.lastDiscardAfter(sequence) !== undefined) {
          sequence = this.reader.sequence();
          scan = begin();
        }
        return scan.next();
      });
      if (window.done === true) return window.value;
      yield;
    }
  }

  #snapshot<Result>(action: () => Result): Result {
    return this.#connection.snapshot(action);
  }
}
