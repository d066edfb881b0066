/**
 * What goes wrong in self-play, in plain words. These sentences describe what was measured; they do
 * not predict. Each names its threshold, so that a reader can disagree.
 */
import type { MetricTable } from '../../../server/protocol/queries.ts';
import { MODES } from '../../../server/protocol/vocabulary.ts';
import { percentText, quantityText } from '../ui/numberText.ts';
import { isFalling, isRising, linearTrend, mean } from './trend.ts';

export interface RunWarning {
  readonly kind: 'drifting-apart' | 'entropy' | 'template' | 'duplicates' | 'no-variance';
  readonly title: string;
  readonly sentence: string;
}

/** Metrics that {@link runWarnings} reads. */
export const WARNING_METRICS: readonly string[] = [
  'probe.greedy.mean',
  'proposer.unique',
  'proposer.largestTemplate',
  ...MODES.flatMap((mode) => [
    `solver.${mode}.solveRate`,
    `solver.${mode}.entropy`,
    `solver.${mode}.zeroVarianceGroups`,
  ]),
];

/** Trends over fewer probes than this are noise; older ones than the last so many are history. */
const FEWEST_PROBES = 5;
const MOST_PROBES = 12;
/** A change smaller than two points of a hundred is not worth a sentence. */
const LEAST_CHANGE = 0.02;
/** Steps that a mean is taken over. */
const RECENT_POINTS = 8;

export function runWarnings(table: MetricTable): RunWarning[] {
  return [
    driftingApart(table),
    entropyCollapse(table),
    share(table, ['proposer.largestTemplate'], 0.5, (value) => ({
      kind: 'template',
      title: 'One template dominates',
      sentence: `Over the last ${String(RECENT_POINTS)} points, ${percentText(value)} of the valid proposals share one program template (warned above 50 %). Such tasks differ only in constants.`,
    })),
    duplicates(table),
    share(
      table,
      MODES.map((mode) => `solver.${mode}.zeroVarianceGroups`),
      0.8,
      (value) => ({
        kind: 'no-variance',
        title: 'Most groups teach nothing',
        sentence: `In ${percentText(value)} of the groups all attempts were correct or all were wrong (warned above 80 %). Such a group has no better and no worse attempt to learn from: tasks are too easy or too hard.`,
      }),
    ),
  ].filter((warning) => warning !== undefined);
}

/**
 * The failure mode of this method: the solver does ever better on tasks that the proposer makes, and
 * ever worse on tasks that nobody made for it. Both trends are lines through the last probes and
 * through the self-play solve rate over the same steps, each at least two standard errors from level.
 */
function driftingApart(table: MetricTable): RunWarning | undefined {
  const probes = measured(table, table.series['probe.greedy.mean']).slice(-MOST_PROBES);
  if (probes.length < FEWEST_PROBES) return undefined;
  const firstStep = probes[0]!.step;
  const heldOut = trendOf(probes);
  const selfPlay = trendOf(
    measured(table, meanSeries(table, 'solveRate')).filter(({ step }) => step >= firstStep),
  );
  if (heldOut === undefined || selfPlay === undefined) return undefined;
  const apart =
    isFalling(heldOut) &&
    isRising(selfPlay) &&
    heldOut.change <= -LEAST_CHANGE &&
    selfPlay.change >= LEAST_CHANGE;
  if (!apart) return undefined;
  return {
    kind: 'drifting-apart',
    title: 'Better at its own tasks, worse at others',
    sentence:
      `Since step ${String(firstStep)} the self-play solve rate rose by about ${pointsText(selfPlay.change)}, while the held-out ` +
      `probe fell by about ${pointsText(-heldOut.change)} over ${String(heldOut.count)} probes; both are more than two standard errors from level. ` +
      'The proposer makes tasks that suit the solver, and what it learns does not carry over. An earlier checkpoint is likely the better model.',
  };
}

function entropyCollapse(table: MetricTable): RunWarning | undefined {
  const values = measured(table, meanSeries(table, 'entropy')).map(({ value }) => value);
  if (values.length < 3 * RECENT_POINTS) return undefined;
  const before = mean(values.slice(0, RECENT_POINTS));
  const now = mean(values.slice(-RECENT_POINTS));
  if (before <= 0 || now > before / 4) return undefined;
  return {
    kind: 'entropy',
    title: 'The solver hardly varies any more',
    sentence: `Its entropy fell from ${quantityText(before)} to ${quantityText(now)} nats per token, less than a quarter. The attempts of a group become equal, and so do their rewards.`,
  };
}

function duplicates(table: MetricTable): RunWarning | undefined {
  const values = measured(table, table.series['proposer.unique']).map(({ value }) => 1 - value);
  const recent = values.slice(-RECENT_POINTS);
  if (recent.length < RECENT_POINTS || mean(recent) <= 0.5) return undefined;
  return {
    kind: 'duplicates',
    title: 'Most valid proposals are repeats',
    sentence: `${percentText(mean(recent))} of the valid proposals equal an earlier task (warned above 50 %).`,
  };
}

function share(
  table: MetricTable,
  names: readonly string[],
  threshold: number,
  warning: (value: number) => RunWarning,
): RunWarning | undefined {
  const series = table.steps.map((_, index) => meanAt(table, names, index));
  const recent = measured(table, series).slice(-RECENT_POINTS);
  if (recent.length < RECENT_POINTS) return undefined;
  const value = mean(recent.map((point) => point.value));
  return value > threshold ? warning(value) : undefined;
}

/** Mean over the modes that were measured in a step. */
function meanSeries(table: MetricTable, what: string): (number | null)[] {
  const names = MODES.map((mode) => `solver.${mode}.${what}`);
  return table.steps.map((_, index) => meanAt(table, names, index));
}

function meanAt(table: MetricTable, names: readonly string[], index: number): number | null {
  const values = names
    .map((name) => table.series[name]?.[index] ?? null)
    .filter((value) => value !== null);
  return values.length === 0 ? null : mean(values);
}

interface Point {
  readonly step: number;
  readonly value: number;
}

function measured(table: MetricTable, series: readonly (number | null)[] | undefined): Point[] {
  return table.steps.flatMap((step, index) => {
    const value = series?.[index] ?? null;
    return value === null ? [] : [{ step, value }];
  });
}

function trendOf(points: readonly Point[]) {
  return linearTrend(
    points.map(({ step }) => step),
    points.map(({ value }) => value),
  );
}

function pointsText(share: number): string {
  return `${quantityText(Math.round(share * 1000) / 10)} points`;
}
