/** What answers each query, and which of them are scans. */
import type { ComparedTasksQuery, ComparisonQuery } from '../../../protocol/comparison.ts';
import type { RequestMap } from '../../../protocol/languageMessages.ts';
import type { RunId } from '../../../protocol/runs.ts';
import { comparedTasks, comparisonReport } from '../../runs/comparison/comparisonReport.ts';
import { evaluationReport } from '../../runs/evaluationReport.ts';
import { changedTasks } from '../../runs/learningReport.ts';
import type { RunQueries } from '../../store/lists/runQueries.ts';
import type { Scan } from '../../store/lists/scan.ts';
import { heldOutItems, heldOutVerdicts } from './heldOutTests.ts';
import { LearningReports } from './learningReports.ts';
import { type AskedQuery, type QueryName, runsOf } from './queryMessages.ts';

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
/** Queries about several runs. */
type ComparisonName = 'azr/comparison' | 'azr/comparedTasks';
type OneRunName = Exclude<QueryName, ComparisonName>;
type ScanName = 'azr/steps' | 'azr/table' | 'azr/metrics' | 'azr/curriculum';

const SCANS: Scans<ScanName> = {
  'azr/steps': (queries, query) => queries.steps(query),
  'azr/table': (queries, query) => queries.table(query),
  'azr/metrics': (queries, query) => queries.metrics(query),
  'azr/curriculum': (queries, { runId, stretches }) => queries.curriculum(runId, stretches),
};

const reports = new LearningReports();

const ANSWERS: Answers<Exclude<OneRunName, ScanName>> = {
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

/** What is read from, of each run that a query is about. */
export type OpenQueries = ReadonlyMap<RunId, RunQueries>;

/** Throws a ProblemError when a database cannot be read or the query makes no sense. */
export function* queryAnswer(
  open: OpenQueries,
  { name, parameters }: Pick<AskedQuery, 'name' | 'parameters'>,
): Scan<unknown> {
  const queriesOf = (runId: RunId) => open.get(runId)!;
  // The server checked that the parameters are those of the name.
  if (name === 'azr/comparison') {
    return yield* comparisonReport(
      parameters as ComparisonQuery,
      (runId) => queriesOf(runId).reader,
    );
  }
  if (name === 'azr/comparedTasks') {
    return comparedTasks(parameters as ComparedTasksQuery, (runId) => queriesOf(runId).reader);
  }
  type Ask<Result> = (queries: RunQueries, parameters: AskedQuery['parameters']) => Result;
  const queries = queriesOf(runsOf(parameters)[0]!);
  if (isScan(name)) return yield* (SCANS[name] as Ask<Scan<unknown>>)(queries, parameters);
  return (ANSWERS[name] as Ask<unknown>)(queries, parameters);
}

function isScan(name: OneRunName): name is ScanName {
  return name in SCANS;
}
