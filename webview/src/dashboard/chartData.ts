/** What one chart draws: the curves of one or several runs over all their steps. */
import type { MetricTable } from '../../../server/protocol/queries.ts';
import { CHART_COLOURS, type ChartColour } from '../ui/themeColours.ts';
import { type ChartDefinition, type Curve, curveValues } from './curves.ts';

export interface ChartRun {
  readonly name: string;
  readonly table: MetricTable;
}

export interface ChartSeries {
  readonly label: string;
  readonly colour: ChartColour;
  readonly dash?: readonly number[];
  readonly values: readonly (number | null)[];
  /** The interval around the curve. */
  readonly band?: {
    readonly low: readonly (number | null)[];
    readonly high: readonly (number | null)[];
  };
  /** Where the area below ends, of a stacked chart. */
  readonly base?: readonly (number | null)[];
}

export interface ChartData {
  /** Places on the axis: steps, or what `axis` says. */
  readonly steps: readonly number[];
  /** Absent for steps. */
  readonly axis?: 'generated tokens';
  readonly series: readonly ChartSeries[];
  readonly resumedAfter: readonly number[];
  /** Of these, the steps at which a run left another one. */
  readonly branchedAfter?: readonly number[];
}

/** Tells the curves of one run apart where colours tell the runs apart. */
const DASHES: readonly (readonly number[] | undefined)[] = [
  undefined,
  [6, 3],
  [2, 3],
  [8, 3, 2, 3],
];

export function chartData(chart: ChartDefinition, runs: readonly ChartRun[]): ChartData {
  const drawn = chart.stacked === true ? runs.slice(0, 1) : runs;
  const steps = [...new Set(drawn.flatMap(({ table }) => table.steps))].sort((a, b) => a - b);
  const series = drawn.flatMap((run, runIndex) =>
    chart.curves.map((curve, curveIndex): ChartSeries => {
      const several = drawn.length > 1;
      const dash = several ? DASHES[curveIndex % DASHES.length] : curve.dash;
      return {
        label: several ? `${run.name}: ${curve.label}` : curve.label,
        colour: several ? CHART_COLOURS[runIndex % CHART_COLOURS.length]! : curve.colour,
        ...(dash !== undefined && { dash }),
        values: aligned(steps, run.table, curveValues(curve, run.table)),
        ...bandOf(curve, steps, run.table),
      };
    }),
  );
  const measured = series.filter(({ values }) => values.some((value) => value !== null));
  return {
    steps,
    series: chart.stacked === true ? stacked(measured) : measured,
    resumedAfter: [...new Set(drawn.flatMap(({ table }) => table.resumedAfter))],
    branchedAfter: [...new Set(drawn.flatMap(({ table }) => table.branchedAfter ?? []))],
  };
}

function bandOf(
  { band }: Curve,
  steps: readonly number[],
  table: MetricTable,
): Pick<ChartSeries, 'band'> {
  if (band === undefined) return {};
  const edge = (name: string) =>
    aligned(
      steps,
      table,
      table.steps.map((_, index) => table.series[name]?.[index] ?? null),
    );
  return { band: { low: edge(band.low), high: edge(band.high) } };
}

function aligned(
  steps: readonly number[],
  table: MetricTable,
  values: readonly (number | null)[],
): (number | null)[] {
  if (steps.length === table.steps.length) return [...values];
  const byStep = new Map(table.steps.map((step, index) => [step, values[index] ?? null]));
  return steps.map((step) => byStep.get(step) ?? null);
}

/** What was not measured in a step took no time. */
function stacked(series: readonly ChartSeries[]): ChartSeries[] {
  let base: readonly (number | null)[] | undefined;
  return series.map((one) => {
    const top = one.values.map((value, index) => (value ?? 0) + (base?.[index] ?? 0));
    const result = { ...one, values: top, ...(base !== undefined && { base }) };
    base = top;
    return result;
  });
}

/** The value itself of a stacked curve, not where it ends. */
export function ownValue({ values, base }: ChartSeries, index: number): number | null {
  const value = values[index] ?? null;
  return value === null || base === undefined ? value : value - (base[index] ?? 0);
}
