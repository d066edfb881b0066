/** Messages between the language server's thread and the one that reads databases for viewers. */
import type { RequestMap, RequestName } from '../../../protocol/languageMessages.ts';
import type { RunId } from '../../../protocol/runs.ts';
import type { Problem } from '../../../protocol/problem.ts';

/** Requests that read more of a database than a few rows by their ids. */
export const QUERY_NAMES = [
  'azr/steps',
  'azr/stepItems',
  'azr/answers',
  'azr/table',
  'azr/metrics',
  'azr/metricNames',
  'azr/learning',
  'azr/changedTasks',
  'azr/heldOutItems',
  'azr/heldOutVerdicts',
  'azr/evaluationReport',
  'azr/comparison',
  'azr/comparedTasks',
  'azr/skillMap',
  'azr/curriculum',
] as const satisfies readonly RequestName[];
export type QueryName = (typeof QUERY_NAMES)[number];

/** Paths by the runs that have them. */
export type Databases = ReadonlyMap<RunId, string>;

/** The runs that a query is about. */
export function runsOf(parameters: RequestMap[QueryName]['parameters']): readonly RunId[] {
  if ('runId' in parameters) return [parameters.runId];
  return 'measurements' in parameters
    ? parameters.measurements.map(({ runId }) => runId)
    : [parameters.before.runId, parameters.after.runId];
}

export interface AskedQuery {
  readonly kind: 'ask';
  readonly id: number;
  readonly name: QueryName;
  /** Checked by the language server. */
  readonly parameters: RequestMap[QueryName]['parameters'];
  /** Paths of the run.db of every run that it is about. */
  readonly databases: Databases;
}

export type ToQueryWorker = AskedQuery | { readonly kind: 'cancel'; readonly id: number };

/** The answer to each query that was not cancelled. */
export type FromQueryWorker = { readonly id: number } & (
  | { readonly kind: 'result'; readonly result: unknown }
  | { readonly kind: 'problem'; readonly problem: Problem }
  /** Anything but a foreseen failure. */
  | { readonly kind: 'defect'; readonly error: unknown }
);
