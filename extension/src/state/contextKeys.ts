/** Context keys that the manifest's `when` and `enablement` clauses go by, all below `azr.`. */
import type { RunOverview } from '../../../server/protocol/runs.ts';
import { canPause, canResume, canStop } from './runFacts.ts';

export interface WindowFacts {
  readonly runs: readonly RunOverview[];
  /** Whether the runs are known: until then "no runs" would be a guess. */
  readonly ready: boolean;
  readonly serverFailed: boolean;
  /** A start is under way and has no run yet. */
  readonly starting: boolean;
  readonly filtered: boolean;
}

export const CONTEXT_KEYS = [
  'azr.ready',
  'azr.serverFailed',
  'azr.hasRuns',
  'azr.canStop',
  'azr.canPause',
  'azr.canResume',
  'azr.filtered',
] as const;
export type ContextKey = (typeof CONTEXT_KEYS)[number];

export function contextKeys(facts: WindowFacts): Readonly<Record<ContextKey, boolean>> {
  const { runs, ready, serverFailed, starting, filtered } = facts;
  return {
    'azr.ready': ready,
    'azr.serverFailed': serverFailed,
    'azr.hasRuns': runs.length > 0,
    'azr.canStop': starting || runs.some(canStop),
    'azr.canPause': runs.some(canPause),
    'azr.canResume': runs.some(canResume),
    'azr.filtered': filtered,
  };
}
