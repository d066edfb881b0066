/**
 * How hard the accepted tasks were over the run, as a heat map (time across, solve rate up), and one
 * stretch of it as a histogram under the learnability curve.
 */
import type { Curriculum } from '../../../server/protocol/queries.ts';
import { element, fill } from '../ui/elements.ts';
import { countText, percentText, quantityText } from '../ui/numberText.ts';
import { plainTable } from '../ui/plainTable.ts';
import { svg } from '../ui/svg.ts';

type Stretch = Curriculum['stretches'][number];

const WIDTH = 600;
const HEIGHT = 150;
const LEVELS = 8;

/** Learnability of a task that was solved `solved` times of `attempts`: eq. 4 of the paper. */
export function learnabilityAt(solved: number, attempts: number): number {
  return solved <= 0 || solved >= attempts ? 0 : 1 - solved / attempts;
}

/** 0 … {@link LEVELS}: the share of a stretch's tasks in a bin, beside the largest share on the map. */
export function heatLevel(share: number, largest: number): number {
  if (share <= 0 || largest <= 0) return 0;
  return Math.max(Math.ceil((share / largest) * LEVELS - 1e-9), 1);
}

export class CurriculumPicture {
  readonly root = element('div', 'curriculum');
  #curriculum: Curriculum | undefined;
  #chosen: number | undefined;
  #asTable = false;

  setData(curriculum: Curriculum): void {
    this.#curriculum = curriculum;
    this.#draw();
  }

  setTable(asTable: boolean): void {
    this.#asTable = asTable;
    this.#draw();
  }

  summary(): string {
    const last = this.#curriculum?.stretches.findLast((stretch) => total(stretch) > 0);
    return last === undefined ? 'No task with a solve rate yet.' : stretchText(last);
  }

  #draw(): void {
    const curriculum = this.#curriculum;
    if (curriculum === undefined) return;
    const { stretches } = curriculum;
    if (!stretches.some((stretch) => total(stretch) > 0)) {
      fill(
        this.root,
        element(
          'p',
          'chart-empty',
          'Tasks get a solve rate when the solver first attempts them, with step 1. Seeds have none.',
        ),
      );
      return;
    }
    if (this.#asTable) fill(this.root, table(curriculum));
    else this.#drawPictures(curriculum);
  }

  #drawPictures(curriculum: Curriculum): void {
    const { stretches } = curriculum;
    const latest = stretches.findLastIndex((stretch) => total(stretch) > 0);
    const index = Math.min(this.#chosen ?? latest, stretches.length - 1);
    const focused = document.activeElement?.classList.contains('heat') === true;
    const heat = this.#heatMap(curriculum, index);
    fill(
      this.root,
      element(
        'section',
        { className: 'chart', attributes: { 'aria-label': 'Solve rates over time' } },
        element('div', 'chart-head', element('h3', {}, 'Solve rates of new tasks over time')),
        element(
          'p',
          'chart-explanation',
          'Each column is a range of steps. The stronger the colour, the more of its tasks were solved that often.',
        ),
        element(
          'div',
          'heat-frame',
          element(
            'div',
            { className: 'heat-scale', attributes: { 'aria-hidden': 'true' } },
            element('span', {}, '100 %'),
            element('span', {}, '50 %'),
            element('span', {}, '0 %'),
          ),
          heat,
        ),
        element(
          'div',
          { className: 'heat-steps', attributes: { 'aria-hidden': 'true' } },
          element('span', {}, `step ${String(stretches[0]!.firstStep)}`),
          element('span', {}, `step ${String(stretches.at(-1)!.lastStep)}`),
        ),
      ),
      histogram(stretches[index]!, curriculum.estimationRollouts),
    );
    if (focused) heat.focus();
  }

  #heatMap({ stretches, estimationRollouts }: Curriculum, chosen: number): HTMLElement {
    const bins = estimationRollouts + 1;
    const [wide, high] = [WIDTH / stretches.length, HEIGHT / bins];
    const largest = Math.max(
      ...stretches.flatMap((stretch) =>
        stretch.solveRateCounts.map((count) => shareOf(count, stretch)),
      ),
    );
    const cells = stretches.flatMap((stretch, column) =>
      stretch.solveRateCounts.map((count, bin) =>
        svg('rect', {
          class: `heat-cell heat-${String(heatLevel(shareOf(count, stretch), largest))}`,
          x: column * wide,
          y: HEIGHT - (bin + 1) * high,
          width: Math.max(wide - 0.6, 0.4),
          height: high - 0.6,
        }),
      ),
    );
    const frame = svg('rect', {
      class: 'heat-chosen',
      x: chosen * wide,
      y: 0.5,
      width: wide,
      height: HEIGHT - 1,
    });
    const map = element('div', {
      className: 'heat',
      attributes: {
        role: 'slider',
        tabindex: 0,
        'aria-label': 'Range of steps',
        'aria-valuemin': stretches[0]!.firstStep,
        'aria-valuemax': stretches.at(-1)!.lastStep,
        'aria-valuenow': stretches[chosen]!.lastStep,
        'aria-valuetext': stretchText(stretches[chosen]!),
      },
      on: {
        click: (event) => {
          const { left, width } = map.getBoundingClientRect();
          this.#choose(Math.floor(((event.clientX - left) / width) * stretches.length));
        },
        keydown: (event) => {
          const targets: Readonly<Record<string, number>> = {
            ArrowRight: chosen + 1,
            ArrowUp: chosen + 1,
            ArrowLeft: chosen - 1,
            ArrowDown: chosen - 1,
            Home: 0,
            End: stretches.length - 1,
          };
          const target = targets[event.key];
          if (target === undefined) return;
          event.preventDefault();
          this.#choose(target);
        },
      },
    });
    map.append(
      svg(
        'svg',
        {
          viewBox: `0 0 ${String(WIDTH)} ${String(HEIGHT)}`,
          preserveAspectRatio: 'none',
          'aria-hidden': 'true',
        },
        ...cells,
        frame,
      ),
    );
    return map;
  }

  #choose(index: number): void {
    const most = (this.#curriculum?.stretches.length ?? 1) - 1;
    const chosen = Math.min(Math.max(index, 0), most);
    // The last one is the latest, and stays so while the run grows.
    this.#chosen = chosen === most ? undefined : chosen;
    this.#draw();
  }
}

function histogram(stretch: Stretch, attempts: number): HTMLElement {
  const counts = stretch.solveRateCounts;
  const most = Math.max(1, ...counts);
  const wide = WIDTH / counts.length;
  const bars = counts.map((count, bin) =>
    svg('rect', {
      class: 'bar',
      x: bin * wide + 2,
      y: HEIGHT - (count / most) * HEIGHT,
      width: wide - 4,
      height: (count / most) * HEIGHT,
    }),
  );
  const points = counts.map(
    (_, bin) =>
      `${String((bin + 0.5) * wide)},${String(HEIGHT - learnabilityAt(bin, attempts) * (HEIGHT - 6))}`,
  );
  return element(
    'section',
    { className: 'chart', attributes: { 'aria-label': 'Solve rates in a range of steps' } },
    element(
      'div',
      'chart-head',
      element('h3', {}, 'Solve rate and learnability'),
      element('span', 'chart-at', stepsText(stretch)),
    ),
    element(
      'p',
      'chart-explanation',
      'Bars: tasks by solve rate p. Line: what the proposer earns for such a task: 1 − p, and 0 if it is always or never solved.',
    ),
    element(
      'div',
      'histogram',
      pictureHolder(
        svg(
          'svg',
          {
            viewBox: `0 0 ${String(WIDTH)} ${String(HEIGHT)}`,
            preserveAspectRatio: 'none',
            role: 'img',
            'aria-label': stretchText(stretch),
          },
          ...bars,
          svg('polyline', { class: 'learnability', points: points.join(' ') }),
        ),
      ),
    ),
    element(
      'div',
      { className: 'histogram-scale', attributes: { 'aria-hidden': 'true' } },
      ...counts.map((_, bin) => element('span', {}, binText(bin, attempts))),
    ),
    element('p', 'hint', stretchText(stretch)),
  );
}

function pictureHolder(picture: SVGElement): HTMLElement {
  const holder = element('div', 'picture');
  holder.append(picture);
  return holder;
}

function table({ stretches, estimationRollouts }: Curriculum): HTMLElement {
  return plainTable({
    caption: 'Accepted tasks by how often they were solved',
    columns: [
      { title: 'Steps' },
      ...Array.from({ length: estimationRollouts + 1 }, (_, bin) => ({
        title: `solved ${binText(bin, estimationRollouts)}`,
        numeric: true,
      })),
      { title: 'Learnability of new tasks', numeric: true },
      { title: 'Syntax nodes', numeric: true },
      { title: 'Templates', numeric: true },
    ],
    rows: stretches
      .toReversed()
      .map((stretch) => [
        stepsText(stretch),
        ...stretch.solveRateCounts.map(String),
        stretch.meanLearnability === null ? '–' : percentText(stretch.meanLearnability),
        stretch.meanSyntaxNodes === null ? '–' : quantityText(stretch.meanSyntaxNodes),
        String(stretch.distinctTemplates),
      ]),
  });
}

function binText(bin: number, attempts: number): string {
  return `${String(bin)}/${String(attempts)}`;
}

function stepsText({ firstStep, lastStep }: Stretch): string {
  return firstStep === lastStep
    ? `Step ${String(lastStep)}`
    : `Steps ${String(firstStep)}–${String(lastStep)}`;
}

function shareOf(count: number, stretch: Stretch): number {
  return count / Math.max(total(stretch), 1);
}

function total({ solveRateCounts }: Stretch): number {
  return solveRateCounts.reduce((sum, count) => sum + count, 0);
}

function stretchText(stretch: Stretch): string {
  const counts = stretch.solveRateCounts;
  const learnable = total(stretch) - counts[0]! - counts.at(-1)!;
  return (
    `${stepsText(stretch)}: ${countText(total(stretch), 'new task')}; ${String(counts[0])} never solved, ` +
    `${String(counts.at(-1))} always, ${String(learnable)} between` +
    (stretch.meanLearnability === null
      ? ''
      : `; mean learnability ${percentText(stretch.meanLearnability)}`)
  );
}
