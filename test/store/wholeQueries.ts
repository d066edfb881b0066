/** Queries whose scans are taken to their end at once. */
import type {
  Curriculum,
  MetricQuery,
  MetricTable,
  Page,
  ProposalItem,
  RolloutItem,
  StepsQuery,
  TableQuery,
} from '../../server/protocol/queries.ts';
import type { StepOverview } from '../../server/protocol/runs.ts';
import { RunQueries } from '../../server/src/store/lists/runQueries.ts';
import type { Scan } from '../../server/src/store/lists/scan.ts';
import { RunReader } from '../../server/src/store/runReader.ts';

export function whole<Result>(scan: Scan<Result>): Result {
  for (;;) {
    const window = scan.next();
    if (window.done === true) return window.value;
  }
}

export class WholeQueries {
  readonly reader: RunQueries['reader'];
  readonly relatives: RunQueries['relatives'];
  readonly #queries: RunQueries;

  constructor(reader: RunReader) {
    this.#queries = new RunQueries(reader);
    this.reader = reader;
    this.relatives = this.#queries.relatives;
  }

  static open(path: string): WholeQueries {
    return new WholeQueries(RunReader.open(path));
  }

  close(): void {
    this.#queries.close();
  }

  steps(query: StepsQuery): Page<StepOverview> {
    return whole(this.#queries.steps(query));
  }

  table(query: TableQuery): Page<ProposalItem | RolloutItem> {
    return whole(this.#queries.table(query));
  }

  curriculum(runId: string, stretches: number): Curriculum {
    return whole(this.#queries.curriculum(runId, stretches));
  }

  metrics(query: MetricQuery): MetricTable {
    return whole(this.#queries.metrics(query));
  }

  stepItems: RunQueries['stepItems'] = (query) => this.#queries.stepItems(query);
  answers: RunQueries['answers'] = (taskId, limit) => this.#queries.answers(taskId, limit);
  metricNames: RunQueries['metricNames'] = () => this.#queries.metricNames();
  skillMap: RunQueries['skillMap'] = (runId) => this.#queries.skillMap(runId);
}
