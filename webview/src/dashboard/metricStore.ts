/** The curves of one run as a page keeps them: asked for whole once, then only what is new. */
import type { MetricTable } from '../../../server/protocol/queries.ts';
import type { RunOverview } from '../../../server/protocol/runs.ts';

export const MAXIMUM_POINTS = 1000;

/** Width of the stretches that the server averages over, for a run of this many steps. */
function stretchWidth(steps: number, maximumPoints: number): number {
  let width = 1;
  while (steps > width * maximumPoints) width *= 2;
  return width;
}

/**
 * After which step to ask anew, −1 for all. The last point may stand for a stretch that was not
 * complete, so it is asked for again. Everything is asked for when the stretches have become wider or
 * when the run took steps back since.
 */
export function stepToAskAfter(
  known: MetricTable | undefined,
  { lastStep, lastDiscard = 0 }: Pick<RunOverview, 'lastStep' | 'lastDiscard'>,
  maximumPoints: number = MAXIMUM_POINTS,
): number {
  const knownLast = known?.steps.at(-1);
  if (known === undefined || knownLast === undefined || lastStep < knownLast) return -1;
  if (known.sequence < lastDiscard) return -1;
  const width = stretchWidth(lastStep + 1, maximumPoints);
  if (width !== stretchWidth(knownLast + 1, maximumPoints)) return -1;
  return width === 1 ? knownLast : (known.steps.at(-2) ?? -1);
}

/**
 * Puts what came after `afterStep` in the place of what was known of it. The sequence is that of the oldest
 * part, so that a step taken back while the newest was on its way is noticed.
 */
export function mergeMetrics(
  known: MetricTable | undefined,
  answer: MetricTable,
  afterStep: number,
): MetricTable {
  if (known === undefined || afterStep < 0) return answer;
  const kept = known.steps.filter((step) => step <= afterStep).length;
  const series: Record<string, readonly (number | null)[]> = {};
  const added = answer.steps.length;
  for (const name of new Set([...Object.keys(known.series), ...Object.keys(answer.series)])) {
    series[name] = [
      ...(known.series[name]?.slice(0, kept) ?? Array.from({ length: kept }, () => null)),
      ...(answer.series[name] ?? Array.from({ length: added }, () => null)),
    ];
  }
  return {
    runId: known.runId,
    sequence: known.sequence,
    steps: [...known.steps.slice(0, kept), ...answer.steps],
    series,
    resumedAfter: [...new Set([...known.resumedAfter, ...answer.resumedAfter])].sort(
      (a, b) => a - b,
    ),
    ...(answer.branchedAfter !== undefined && { branchedAfter: answer.branchedAfter }),
  };
}
