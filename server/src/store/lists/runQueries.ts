/**
 * Everything that viewers read from one run.db: lists a page at a time, curves, the curriculum, and
 * what belongs together. However large the run is, no call scans more than a bounded stretch.
 */
import { performance } from 'node:perf_hooks';

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
import { ScanBudget } from './scanBudget.ts';
import { skillTable } from '../curves/skillQuery.ts';
import { stepItemsPage, stepsPage } from './stepQueries.ts';
import { tablePage } from './tableQuery.ts';

/** After which time a curriculum gives what it has measured; a stretch of a long run takes some 3 ms. */
const CURRICULUM_MS = 25;

/** Every method throws a ProblemError when the file cannot be read or the query makes no sense. */
export class RunQueries {
  /** Whole records, over the same connection. */
  readonly reader: RunReader;
  /** Proposals of tasks, children of tasks, members of groups, places in lists. */
  readonly relatives: Relatives;
  readonly #connection: ReadConnection;
  readonly #curriculum: CurriculumQuery;
  readonly #now: () => number;

  /**
   * Queries over the connection of `reader`, which its owner closes.
   * @param now a clock in milliseconds; how long a query may scan is measured with it
   */
  constructor(reader: RunReader, now: () => number = () => performance.now()) {
    this.reader = reader;
    this.#connection = reader.connection;
    this.#now = now;
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

  steps(query: StepsQuery): Page<StepOverview> {
    return this.#snapshot(() => stepsPage(this.#connection, query, this.#budget()));
  }

  stepItems(query: StepItemsQuery): Page<ProposalItem | AttemptItem> {
    return this.#snapshot(() => stepItemsPage(this.#connection, query));
  }

  /** The answers to one task, newest first. */
  answers(taskId: number, limit: number): Page<RolloutItem> {
    return this.relatives.answers(taskId, limit);
  }

  table(query: TableQuery): Page<ProposalItem | RolloutItem> {
    return this.#snapshot(() => tablePage(this.#connection, query, this.#budget()));
  }

  metrics(query: MetricQuery): MetricTable {
    return this.#snapshot(() => metricTable(this.#connection, query));
  }

  metricNames(): string[] {
    return this.#snapshot(() => metricNames(this.#connection));
  }

  curriculum(runId: RunId, stretches: number): Curriculum {
    return this.#snapshot(() => {
      const { estimationRollouts } = this.reader.information().settings;
      const endMs = this.#now() + CURRICULUM_MS;
      const isSpent = () => this.#now() >= endMs;
      const found = this.#curriculum.ask(stretches, estimationRollouts, isSpent);
      return { runId, ...found, estimationRollouts };
    });
  }

  skillMap(runId: RunId): SkillMap {
    return this.#snapshot(() => ({
      runId,
      heldOut: skillTable(this.#connection, 'held-out'),
      selfPlay: skillTable(this.#connection, 'self-play'),
    }));
  }

  #budget(): ScanBudget {
    return new ScanBudget(this.#now);
  }

  #snapshot<Result>(action: () => Result): Result {
    return this.#connection.snapshot(action);
  }
}
