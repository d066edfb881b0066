/** What answers each query, and which of them are scans. */
import type { RequestMap } from '../../../protocol/languageMessages.ts';
import { evaluationReport } from '../../runs/evaluationReport.ts';
import { changedTasks } from '../../runs/learningReport.ts';
import type { RunQueries } from '../../store/lists/runQueries.ts';
import type { Scan } from '../../store/lists/scan.ts';
import { heldOutItems, heldOutVerdicts } from './heldOutTests.ts';
import { LearningReports } from './learningReports.ts';
import type { AskedQuery, QueryName } from './queryMessages.ts';

type Answers<Names extends QueryName> = {
  readonly [Name in Names]: (
    queries: RunQueries,
    parameters: RequestMap[Name]['parameters'],
  ) => RequestMap[Name]['result'];
};
type Scans<Names extends QueryName> = {
  readonly [Name in Names]: (
    queries: RunQueries,
    parameters: RequestMap[Name]['parameters'],
  ) => Scan<RequestMap[Name]['result']>;
};
type ScanName = 'azr/steps' | 'azr/table' | 'azr/metrics' | 'azr/curriculum';

const SCANS: Scans<ScanName> = {
  'azr/steps': (queries, query) => queries.steps(query),
  'azr/table': (queries, query) => queries.table(query),
  'azr/metrics': (queries, query) => queries.metrics(query),
  'azr/curriculum': (queries, { runId, stretches }) => queries.curriculum(runId, stretches),
};

const reports = new LearningReports();

const ANSWERS: Answers<Exclude<QueryName, ScanName>> = {
  'azr/stepItems': (queries, query) => queries.stepItems(query),
  'azr/answers': (queries, { taskId, limit }) => queries.answers(taskId, limit),
  'azr/metricNames': (queries) => queries.metricNames(),
  'azr/learning': ({ reader }) => reports.of(reader),
  'azr/changedTasks': ({ reader }, query) => changedTasks(reader, query),
  'azr/heldOutItems': ({ reader }, query) => heldOutItems(reader, query),
  'azr/heldOutVerdicts': ({ reader }, query) => heldOutVerdicts(reader, query),
  'azr/evaluationReport': ({ reader }) => evaluationReport(reader) ?? null,
  'azr/skillMap': (queries, { runId }) => queries.skillMap(runId),
};

/** Throws a ProblemError when the database cannot be read or the query makes no sense. */
export function* queryAnswer(
  queries: RunQueries,
  { name, parameters }: Pick<AskedQuery, 'name' | 'parameters'>,
): Scan<unknown> {
  // The server checked that the parameters are those of the name.
  type Ask<Result> = (queries: RunQueries, parameters: AskedQuery['parameters']) => Result;
  if (isScan(name)) return yield* (SCANS[name] as Ask<Scan<unknown>>)(queries, parameters);
  return (ANSWERS[name] as Ask<unknown>)(queries, parameters);
}

function isScan(name: QueryName): name is ScanName {
  return name in SCANS;
}
