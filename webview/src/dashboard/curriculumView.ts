/** The curriculum: solve rates of new tasks over time, and how large and how varied programs are. */
import type { Curriculum } from '../../../server/protocol/queries.ts';
import { element, fill } from '../ui/elements.ts';
import { Chart, type ChartLink } from './chart.ts';
import { type ChartData, chartData, type ChartRun } from './chartData.ts';
import { curriculumTrend } from './curriculumTrend.ts';
import { CURRICULUM_CHARTS } from './curves.ts';
import { CurriculumPicture } from './curriculumPicture.ts';

export class CurriculumView {
  readonly root = element('div', 'charts by-two');
  readonly #picture = new CurriculumPicture();
  readonly #size: Chart;
  readonly #variety: Chart;
  /** One per step, not per stretch. */
  readonly #growth: readonly Chart[];
  readonly #verdict = element('p', 'curriculum-verdict');

  constructor(onStep: (step: number) => void) {
    const link: ChartLink = { key: 'azr-curriculum', charts: new Set() };
    this.#size = new Chart({
      id: 'complexity',
      title: 'Size of programs',
      explanation: 'Mean number of syntax tree nodes of accepted tasks.',
      unit: 'nodes',
      link,
      onStep,
    });
    this.#variety = new Chart({
      id: 'variety',
      title: 'Variety of programs',
      explanation: 'How many different templates the accepted tasks of a range of steps have.',
      unit: 'templates',
      link,
      onStep,
    });
    const steps: ChartLink = { key: 'azr-curriculum-steps', charts: new Set() };
    this.#growth = CURRICULUM_CHARTS.map(
      ({ id, title, explanation, unit }) =>
        new Chart({ id, title, explanation, unit, link: steps, onStep }),
    );
    fill(
      this.root,
      this.#verdict,
      ...this.#growth.map((chart) => chart.root),
      this.#picture.root,
      this.#size.root,
      this.#variety.root,
    );
    new ResizeObserver(() => {
      for (const chart of this.#charts) chart.resize();
    }).observe(this.root);
  }

  get #charts(): readonly Chart[] {
    return [...this.#growth, this.#size, this.#variety];
  }

  /** The curves of the run that is shown first. */
  setRuns(runs: readonly ChartRun[]): void {
    for (const [index, chart] of this.#growth.entries()) {
      chart.setData(chartData(CURRICULUM_CHARTS[index]!, runs));
    }
    const rates = runs[0]?.table.series['curriculum.startSolveRate'] ?? [];
    this.#verdict.textContent = rates.some((rate) => rate !== null)
      ? curriculumTrend(rates).sentence
      : '';
  }

  setData(curriculum: Curriculum): void {
    this.#picture.setData(curriculum);
    const { stretches } = curriculum;
    const steps = stretches.map(({ lastStep }) => lastStep);
    this.#size.setData(
      single(
        steps,
        'syntax nodes',
        stretches.map(({ meanSyntaxNodes }) => meanSyntaxNodes),
      ),
    );
    this.#variety.setData(
      single(
        steps,
        'templates',
        stretches.map(({ distinctTemplates }) => distinctTemplates),
      ),
    );
  }

  setTable(asTable: boolean): void {
    this.#picture.setTable(asTable);
    for (const chart of this.#charts) chart.setTable(asTable);
  }

  repaint(): void {
    for (const chart of this.#charts) chart.repaint();
  }

  summary(): string {
    return this.#picture.summary();
  }
}

function single(
  steps: readonly number[],
  label: string,
  values: readonly (number | null)[],
): ChartData {
  return { steps, series: [{ label, colour: 'purple', values }], resumedAfter: [] };
}
