/** How the held-out tasks of the compared runs were answered over training, one run per curve. */
import type { HeldOutCurve } from '../../../server/protocol/comparison.ts';
import type { MeasuredRate } from '../../../server/protocol/evaluation.ts';
import type { RunId } from '../../../server/protocol/runs.ts';
import { Chart, type ChartLink } from '../dashboard/chart.ts';
import type { ChartData } from '../dashboard/chartData.ts';
import { element } from '../ui/elements.ts';
import { CHART_COLOURS } from '../ui/themeColours.ts';

type Point = HeldOutCurve['points'][number];

/** What the charts are drawn from. */
export interface ShownCurves {
  readonly curves: readonly HeldOutCurve[];
  readonly nameOf: (runId: RunId) => string;
  /** Whether places on the axis are tokens, not steps. */
  readonly byTokens: boolean;
}

const CHARTS: readonly {
  readonly id: string;
  readonly title: string;
  readonly explanation: string;
  readonly rateOf: (point: Point) => MeasuredRate | undefined;
}[] = [
  {
    id: 'compared-greedy',
    title: 'Held-out tasks solved (greedy)',
    explanation:
      'Share of the held-out tasks that each run solves when it always takes its most likely token. The band is the 95 % interval over tasks.',
    rateOf: ({ greedy }) => greedy,
  },
  {
    id: 'compared-pass-at-k',
    title: 'Held-out tasks solved in k attempts (pass@k)',
    explanation:
      'Share of the held-out tasks that each run solves by at least one of k answers at temperature 1; k is the setting probeSamples of the run.',
    rateOf: ({ passK }) => passK,
  },
];

export class HeldOutCurves {
  readonly root = element('div', 'charts');
  readonly #charts: readonly Chart[];
  #shown: ShownCurves = { curves: [], nameOf: String, byTokens: false };

  /** @param onPoint the measurement of each run at, or before, the place that was chosen */
  constructor(onPoint: (at: readonly { readonly runId: RunId; readonly step: number }[]) => void) {
    const link: ChartLink = { key: 'azr-compared', charts: new Set() };
    this.#charts = CHARTS.map(
      ({ id, title, explanation }) =>
        new Chart({
          ...{ id, title, explanation, unit: 'share', link },
          onStep: (place) => {
            onPoint(this.#measuredAt(place));
          },
        }),
    );
    this.root.append(...this.#charts.map((chart) => chart.root));
    new ResizeObserver(() => {
      for (const chart of this.#charts) chart.resize();
    }).observe(this.root);
  }

  show(shown: ShownCurves): void {
    this.#shown = shown;
    for (const [index, chart] of this.#charts.entries()) {
      chart.setData(comparedData(shown, CHARTS[index]!.rateOf));
    }
  }

  setTable(asTable: boolean): void {
    for (const chart of this.#charts) chart.setTable(asTable);
  }

  repaint(): void {
    for (const chart of this.#charts) chart.repaint();
  }

  #measuredAt(place: number) {
    const { curves, byTokens } = this.#shown;
    return curves.flatMap(({ runId, points }) => {
      const point = points.findLast((one) => placeOf(one, byTokens) <= place);
      return point === undefined ? [] : [{ runId, step: point.step }];
    });
  }
}

function placeOf({ step, generatedTokens }: Point, byTokens: boolean): number {
  return byTokens ? generatedTokens : step;
}

/** The curves over all places that any run was measured at. */
function comparedData(
  { curves, nameOf, byTokens }: ShownCurves,
  rateOf: (point: Point) => MeasuredRate | undefined,
): ChartData {
  const measured = curves.map(({ runId, points }, index) => ({
    label: nameOf(runId),
    colour: CHART_COLOURS[index % CHART_COLOURS.length]!,
    rates: new Map(
      points.flatMap((point) => {
        const rate = rateOf(point);
        return rate === undefined ? [] : [[placeOf(point, byTokens), rate] as const];
      }),
    ),
  }));
  const places = [...new Set(measured.flatMap(({ rates }) => [...rates.keys()]))].sort(
    (a, b) => a - b,
  );
  return {
    steps: places,
    ...(byTokens && { axis: 'generated tokens' }),
    resumedAfter: [],
    series: measured
      .filter(({ rates }) => rates.size > 0)
      .map(({ label, colour, rates }) => {
        const valuesOf = (value: (rate: MeasuredRate) => number) =>
          places.map((place) => {
            const rate = rates.get(place);
            return rate === undefined ? null : value(rate);
          });
        return {
          ...{ label, colour, values: valuesOf(({ rate }) => rate) },
          band: { low: valuesOf(({ low }) => low), high: valuesOf(({ high }) => high) },
        };
      }),
  };
}
