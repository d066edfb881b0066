/** Messages between the language server's thread and the one that reads databases for viewers. */
import type { RequestMap, RequestName } from '../../../protocol/languageMessages.ts';
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
  'azr/skillMap',
  'azr/curriculum',
] as const satisfies readonly RequestName[];
export type QueryName = (typeof QUERY_NAMES)[number];

export interface AskedQuery {
  readonly kind: 'ask';
  readonly id: number;
  readonly name: QueryName;
  /** Checked by the language server. */
  readonly parameters: RequestMap[QueryName]['parameters'];
  /** Path of the run.db. */
  readonly database: string;
}

export type ToQueryWorker = AskedQuery | { readonly kind: 'cancel'; readonly id: number };

/** The answer to each query that was not cancelled. */
export type FromQueryWorker = { readonly id: number } & (
  | { readonly kind: 'result'; readonly result: unknown }
  | { readonly kind: 'problem'; readonly problem: Problem }
  /** Anything but a foreseen failure. */
  | { readonly kind: 'defect'; readonly error: unknown }
);
