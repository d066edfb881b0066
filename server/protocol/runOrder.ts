/** The one order of runs, in the tree, the pages and the commands: newest first. */
import type { RunOverview } from './runs.ts';

/** After every date: a run that only starts has none yet, and is the newest. */
const NOT_DATED_YET = '~';

/** Newest first. Runs that cannot be read come last; of equal dates the later name is first. */
export function newestFirst(runs: readonly RunOverview[]): RunOverview[] {
  return runs.toSorted(
    (left, right) => later(dateOf(left), dateOf(right)) || later(left.name, right.name),
  );
}

function dateOf({ createdAt, state }: RunOverview): string {
  return createdAt ?? (state === 'unreadable' ? '' : NOT_DATED_YET);
}

/** By code units: the rules of a language would sort punctuation before digits. */
function later(left: string, right: string): number {
  if (left === right) return 0;
  return left > right ? -1 : 1;
}
