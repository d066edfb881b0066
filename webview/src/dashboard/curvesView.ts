/** The grid of linked charts. */
import { element, fill } from '../ui/elements.ts';
import { Chart, type ChartLink } from './chart.ts';
import { chartData, type ChartRun } from './chartData.ts';
import { CHARTS } from './curves.ts';

/** A point of these is a measurement. */
const HELD_OUT_CHARTS: readonly string[] = ['probe', 'pass-at-k'];
const LINK_KEY = 'azr-steps';

export class CurvesView {
  readonly root = element('div', 'charts');
  readonly #link: ChartLink = { key: LINK_KEY, charts: new Set() };
  readonly #charts: readonly Chart[];

  /** @param onMeasured for the curves of held-out tasks, `onStep` for the others: a step was chosen */
  constructor(onStep: (step: number) => void, onMeasured: (step: number) => void) {
    this.#charts = CHARTS.map(
      ({ id, title, explanation, unit }) =>
        new Chart({
          ...{ id, title, explanation, unit, link: this.#link },
          onStep: HELD_OUT_CHARTS.includes(id) ? onMeasured : onStep,
        }),
    );
    fill(this.root, ...this.#charts.map((chart) => chart.root));
    new ResizeObserver(() => {
      for (const chart of this.#charts) chart.resize();
    }).observe(this.root);
    const chartOf = new Map<Element, Chart>(this.#charts.map((chart) => [chart.root, chart]));
    const onScreen = new IntersectionObserver((changes) => {
      for (const { target, isIntersecting } of changes) {
        chartOf.get(target)?.setOnScreen(isIntersecting);
      }
    });
    for (const chart of this.#charts) onScreen.observe(chart.root);
  }

  setRuns(runs: readonly ChartRun[]): void {
    for (const [index, chart] of this.#charts.entries()) {
      chart.setData(chartData(CHARTS[index]!, runs));
    }
  }

  setTable(asTable: boolean): void {
    for (const chart of this.#charts) chart.setTable(asTable);
  }

  /** @param strength from 0, as measured, to just below 1 */
  setSmoothing(strength: number): void {
    for (const chart of this.#charts) chart.setSmoothing(strength);
  }

  repaint(): void {
    for (const chart of this.#charts) chart.repaint();
  }

  /** What the held-out tasks say: greedy answers, and several attempts. */
  summary(): string {
    return this.#charts
      .slice(0, 2)
      .map((chart) => chart.summary())
      .join(' ');
  }
}
