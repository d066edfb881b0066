/** The curriculum: solve rates of new tasks over time, and how large and how varied programs are. */
import type { Curriculum } from '../../../server/protocol/queries.ts';
import { element, fill } from '../ui/elements.ts';
import { Chart, type ChartLink } from './chart.ts';
import type { ChartData } from './chartData.ts';
import { CurriculumPicture } from './curriculumPicture.ts';

export class CurriculumView {
  readonly root = element('div', 'charts by-two');
  readonly #picture = new CurriculumPicture();
  readonly #size: Chart;
  readonly #variety: Chart;

  constructor(onStep: (step: number) => void) {
    const link: ChartLink = { key: 'azr-curriculum', charts: new Set() };
    this.#size = new Chart({
      id: 'complexity',
      title: 'Size of programs',
      explanation: 'Mean nodes of the syntax tree of accepted tasks.',
      unit: 'nodes',
      link,
      onStep,
    });
    this.#variety = new Chart({
      id: 'variety',
      title: 'Variety of programs',
      explanation: 'How many different templates the accepted tasks of a stretch have.',
      unit: 'templates',
      link,
      onStep,
    });
    fill(this.root, this.#picture.root, this.#size.root, this.#variety.root);
    new ResizeObserver(() => {
      this.#size.resize();
      this.#variety.resize();
    }).observe(this.root);
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
    this.#size.setTable(asTable);
    this.#variety.setTable(asTable);
  }

  repaint(): void {
    this.#size.repaint();
    this.#variety.repaint();
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
