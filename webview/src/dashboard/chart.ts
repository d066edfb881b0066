/**
 * One picture of curves. uPlot paints; everything else is ours: the legend is made of buttons, the
 * plot is a slider over steps for the keyboard, and a table can stand in its place.
 */
import UPlot from 'uplot';

import { element, fill, setAttributes } from '../ui/elements.ts';
import { quantityText } from '../ui/numberText.ts';
import { plainTable } from '../ui/plainTable.ts';
import { colourToken, themeColour } from '../ui/themeColours.ts';
import { axisText, unitName, unitText } from './unitText.ts';
import { roundCeiling, STEP_TICKS } from './axisScale.ts';
import { chartCsv, chartPng } from './chartCopies.ts';
import { type ChartData, type ChartSeries, ownValue } from './chartData.ts';
import type { Unit } from './curves.ts';
import { smoothed } from './smoothing.ts';

export interface ChartOptions {
  readonly id: string;
  readonly title: string;
  readonly explanation: string;
  readonly unit: Unit;
  /** Charts with the same key move their cursors and zoom together. */
  readonly link?: ChartLink;
  readonly onStep?: (step: number) => void;
}

/** What linked charts share. */
export interface ChartLink {
  readonly key: string;
  readonly charts: Set<Chart>;
}

const PLOT_HEIGHT = 150;
const BAND_STRENGTH = 0.18;
const MOST_TABLE_ROWS = 200;
/** Up to so many, each measured value of a curve has a dot. */
const MOST_DOTTED_POINTS = 40;
/** A second click within this time makes a double click of both: a reset, not two openings. */
const DOUBLE_CLICK_MS = 300;
/** Closer presses and releases than this are a click, not the drag of a zoom. */
const CLICK_PIXELS = 4;
/** How long a button says that it has copied. */
const COPY_TOLD_MS = 2000;

export class Chart {
  readonly root: HTMLElement;
  readonly #options: ChartOptions;
  readonly #legend = element('div', { className: 'chart-legend', attributes: { role: 'group' } });
  readonly #plot = element('div', 'chart-plot');
  readonly #tablePlace = element('div', 'chart-table');
  readonly #at = element('span', 'chart-at');
  readonly #hidden = new Set<string>();
  #data: ChartData = { steps: [], series: [], resumedAfter: [] };
  #plotted: UPlot | undefined;
  #shape = '';
  #index: number | undefined;
  #asTable = false;
  #smoothing = 0;
  #values: HTMLElement[] = [];
  #width = 0;
  #isOnScreen = true;
  /** What is painted is older than the data. */
  #isOutdated = false;

  constructor(options: ChartOptions) {
    this.#options = options;
    const { id, title, explanation } = options;
    setAttributes(this.#legend, { 'aria-label': `Curves of ${title}` });
    this.root = element(
      'section',
      { className: 'chart', attributes: { 'aria-labelledby': `chart-${id}` } },
      element(
        'div',
        'chart-head',
        element('h3', { attributes: { id: `chart-${id}`, title: explanation } }, title),
        this.#at,
        this.#copyButton('PNG', 'Copy as a picture', () => this.#copyPng()),
        this.#copyButton('CSV', 'Copy as a table', () => this.#copyCsv()),
      ),
      element('p', 'chart-explanation', explanation),
      this.#plot,
      this.#tablePlace,
      this.#legend,
    );
    setAttributes(this.#plot, { role: 'slider', tabindex: 0 });
    this.#plot.addEventListener('keydown', (event) => {
      this.#onKey(event);
    });
    this.#plot.addEventListener('blur', () => {
      this.#moveLinked(undefined);
    });
    options.link?.charts.add(this);
  }

  setData(data: ChartData): void {
    this.#data = data;
    const shape = JSON.stringify(
      data.series.map(({ label, colour, dash, band }) => [label, colour, dash, band !== undefined]),
    );
    if (shape !== this.#shape) {
      this.#shape = shape;
      this.#drawLegend();
      this.#destroy();
    }
    this.#draw();
  }

  /** A chart that is scrolled away keeps its numbers up to date, and is painted when it comes back. */
  setOnScreen(isOnScreen: boolean): void {
    this.#isOnScreen = isOnScreen;
    if (isOnScreen && this.#isOutdated) this.#draw();
  }

  setTable(asTable: boolean): void {
    this.#asTable = asTable;
    this.#plot.hidden = asTable;
    this.#tablePlace.hidden = !asTable;
    this.#draw();
  }

  /**
   * Draws every curve as a moving average, and what was measured faintly behind it. Numbers and tables
   * stay what was measured; curves on top of each other would not add up.
   */
  setSmoothing(strength: number): void {
    if (strength === this.#smoothing || this.#isStacked) return;
    const isOther = strength > 0 !== this.#smoothing > 0;
    this.#smoothing = strength;
    if (isOther) this.#destroy();
    this.#draw();
  }

  /** Paints anew in the colours of another theme. */
  repaint(): void {
    this.#destroy();
    this.#draw();
  }

  resize(): void {
    const width = this.#plot.clientWidth;
    if (width === this.#width || width === 0) return;
    this.#width = width;
    if (this.#plotted === undefined) this.#draw();
    else this.#plotted.setSize({ width, height: PLOT_HEIGHT });
  }

  zoom(minimum: number | undefined, maximum: number | undefined): void {
    const lastStep = this.#lastStep();
    this.#plotted?.setScale('x', { min: minimum ?? 0, max: maximum ?? lastStep });
  }

  /** One sentence for who does not see the picture. */
  summary(): string {
    const last = this.#data.steps.length - 1;
    if (last < 0) return `${this.#options.title}: nothing measured yet.`;
    return `${this.#options.title} at ${this.#placeText(last)}: ${this.#valuesAt(last)}.`;
  }

  dispose(): void {
    this.#options.link?.charts.delete(this);
    this.#destroy();
  }

  #lastStep(): number {
    return Math.max(this.#data.steps.at(-1) ?? 1, 1);
  }

  #destroy(): void {
    this.#plotted?.destroy();
    this.#plotted = undefined;
    this.#plot.replaceChildren();
  }

  #draw(): void {
    const last = this.#data.steps.length - 1;
    setAttributes(this.#plot, {
      'aria-label': `${this.#options.title}, by ${this.#data.axis ?? 'step'}`,
      'aria-valuemin': this.#data.steps[0] ?? 0,
      'aria-valuemax': this.#data.steps[last] ?? 0,
      'aria-valuenow': this.#data.steps[this.#index ?? last] ?? 0,
      'aria-valuetext': last < 0 ? 'nothing measured yet' : this.#sentenceAt(this.#index ?? last),
    });
    this.#showValues(this.#index);
    if (this.#asTable) {
      this.#drawTable();
      return;
    }
    const nothing = this.#data.series.length === 0;
    if (nothing) {
      this.#destroy();
      fill(
        this.#plot,
        element('p', 'chart-empty', emptyText(this.#data.steps.length, this.#options.id)),
      );
      return;
    }
    const rows = [
      this.#data.steps as number[],
      ...this.#data.series.map(({ values }) => values as (number | null)[]),
      ...this.#bandEdges().map(({ values }) => values as (number | null)[]),
      ...this.#smoothCurves().map(({ values }) => values as (number | null)[]),
    ] as UPlot.AlignedData;
    if (this.#plotted === undefined) {
      this.#width = this.#plot.clientWidth;
      if (this.#width === 0) return;
      this.#plot.replaceChildren();
      this.#plotted = new UPlot(this.#plotOptions(this.#width), rows, this.#plot);
      this.#listen(this.#plotted);
    } else if (!this.#isOnScreen) {
      this.#isOutdated = true;
      return;
    } else {
      // A zoom the user made stays; else the scale grows with the run.
      const { min, max } = this.#plotted.scales['x']!;
      const before = this.#plotted.data[0].at(-1) ?? 0;
      const zoomed = (min ?? 0) > 0 || (max ?? 0) < before;
      this.#plotted.setData(rows, !zoomed);
      if (zoomed) this.#plotted.redraw(true);
    }
    this.#isOutdated = false;
  }

  #plotOptions(width: number): UPlot.Options {
    const { unit, link } = this.#options;
    const text = themeColour('--vscode-descriptionForeground', '--vscode-foreground');
    const grid = themeColour('--vscode-charts-lines', '--vscode-contrastBorder');
    const font = `11px ${getComputedStyle(document.body).fontFamily}`;
    const axis = {
      stroke: text,
      font,
      grid: { stroke: faint(grid), width: 1 },
      ticks: { stroke: faint(grid), width: 1, size: 4 },
    };
    const { series } = this.#data;
    return {
      width,
      height: PLOT_HEIGHT,
      legend: { show: false },
      cursor: {
        points: { size: 6 },
        drag: { x: true, y: false, dist: CLICK_PIXELS, setScale: true },
        ...(link !== undefined && { sync: { key: link.key, setSeries: false } }),
      },
      scales: {
        x: { time: false, range: (_, minimum, maximum) => this.#stepRange(minimum, maximum) },
        y: {
          range: (_, _minimum, maximum) => [0, unit === 'share' ? 1 : roundCeiling(maximum)],
        },
      },
      axes: [
        { ...axis, incrs: [...STEP_TICKS], size: 24, gap: 2, space: 44 },
        {
          ...axis,
          size: (_, values: readonly string[] | null) =>
            12 + 6.2 * Math.max(4, ...(values ?? []).map(({ length }) => length)),
          gap: 4,
          space: 28,
          values: (_, splits) => splits.map((value) => axisText(value, unit)),
        },
      ],
      series: [
        {},
        ...series.map((one) => this.#seriesOptions(one)),
        ...this.#bandEdges().map(({ of }) => this.#edgeOptions(of)),
        ...this.#smoothCurves().map(({ of }) => this.#smoothOptions(of)),
      ],
      bands: [
        ...series.flatMap(({ base }, index) =>
          base === undefined ? [] : [{ series: [index + 1, index] as [number, number] }],
        ),
        ...this.#bands(),
      ],
      hooks: {
        setCursor: [
          (plot) => {
            this.#moveCursor(plot.cursor.idx ?? undefined, false);
          },
        ],
        setSelect: [
          (plot) => {
            if (plot.select.width > 0) this.#zoomLinked(plot);
          },
        ],
        draw: [
          (plot) => {
            this.#markResumes(plot, text);
          },
        ],
      },
    };
  }

  /** Both edges of every band, upper before lower; uPlot has them as series behind the curves' own. */
  #bandEdges(): { readonly of: ChartSeries; readonly values: readonly (number | null)[] }[] {
    return this.#data.series.flatMap((one) =>
      one.band === undefined
        ? []
        : [
            { of: one, values: one.band.high },
            { of: one, values: one.band.low },
          ],
    );
  }

  #bands(): UPlot.Band[] {
    const first = this.#data.series.length + 1;
    return this.#data.series
      .filter(({ band }) => band !== undefined)
      .map(({ colour }, index) => ({
        series: [first + 2 * index, first + 2 * index + 1],
        fill: faint(themeColour(colourToken(colour)), BAND_STRENGTH),
      }));
  }

  #edgeOptions({ label }: ChartSeries): UPlot.Series {
    return {
      label: `${label}, interval`,
      show: !this.#hidden.has(label),
      width: 0,
      spanGaps: true,
      points: { show: false },
    };
  }

  get #isStacked(): boolean {
    return this.#options.id === 'phases';
  }

  /** In front of everything else, so that what was measured lies behind. */
  #smoothCurves(): { readonly of: ChartSeries; readonly values: readonly (number | null)[] }[] {
    if (this.#smoothing === 0) return [];
    return this.#data.series.map((one) => ({
      of: one,
      values: smoothed(one.values, this.#smoothing),
    }));
  }

  #smoothOptions(one: ChartSeries): UPlot.Series {
    return {
      label: `${one.label}, smoothed`,
      show: !this.#hidden.has(one.label),
      stroke: themeColour(colourToken(one.colour)),
      width: 1.5,
      spanGaps: true,
      ...(one.dash !== undefined && { dash: [...one.dash] }),
      points: { show: false },
    };
  }

  #seriesOptions(one: ChartSeries): UPlot.Series {
    const colour = themeColour(colourToken(one.colour));
    const stroke = this.#smoothing > 0 ? faint(colour) : colour;
    return {
      label: one.label,
      show: !this.#hidden.has(one.label),
      stroke,
      width: 1.5,
      spanGaps: true,
      ...(one.dash !== undefined && { dash: [...one.dash] }),
      ...(this.#isStacked && { fill: faint(stroke, 0.35) }),
      points: {
        size: 4,
        fill: stroke,
        // A curve of few points would be no more than a stroke, one of a single point nothing at all.
        show: (plot, index) => countOf(plot.data[index] ?? []) <= MOST_DOTTED_POINTS,
      },
    };
  }

  #stepRange(minimum: number | null, maximum: number | null): [number, number] {
    const steps = this.#data.steps;
    const whole = minimum === (steps[0] ?? null) && maximum === (steps.at(-1) ?? null);
    return whole || minimum === null || maximum === null
      ? [0, this.#lastStep()]
      : [minimum, maximum];
  }

  #listen(plot: UPlot): void {
    let pressedAt = 0;
    let opening: number | undefined;
    plot.over.addEventListener('mousedown', (event) => {
      pressedAt = event.clientX;
    });
    plot.over.addEventListener('click', (event) => {
      const index = plot.cursor.idx;
      if (Math.abs(event.clientX - pressedAt) > CLICK_PIXELS || typeof index !== 'number') return;
      window.clearTimeout(opening);
      opening = window.setTimeout(() => {
        this.#openStep(index);
      }, DOUBLE_CLICK_MS);
    });
    plot.over.addEventListener('dblclick', () => {
      window.clearTimeout(opening);
      for (const chart of this.#options.link?.charts ?? [this]) chart.zoom(undefined, undefined);
    });
  }

  #zoomLinked(plot: UPlot): void {
    const minimum = plot.posToVal(plot.select.left, 'x');
    const maximum = plot.posToVal(plot.select.left + plot.select.width, 'x');
    for (const chart of this.#options.link?.charts ?? []) {
      if (chart !== this) chart.zoom(minimum, maximum);
    }
  }

  #openStep(index: number): void {
    const step = this.#data.steps[index];
    if (step !== undefined) this.#options.onStep?.(step);
  }

  #markResumes(plot: UPlot, colour: string): void {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.strokeStyle = colour;
    ctx.fillStyle = colour;
    ctx.setLineDash([2, 4]);
    const branched = this.#data.branchedAfter ?? [];
    for (const step of new Set([...branched, ...this.#data.resumedAfter])) {
      const { min, max } = plot.scales['x']!;
      const place = step + 0.5;
      // The start of a run is not a resume.
      if (step <= 0 || place < (min ?? 0) || place > (max ?? 0)) continue;
      const x = Math.round(plot.valToPos(place, 'x', true));
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      ctx.fillText(
        branched.includes(step) ? 'branched' : 'resumed',
        x + 4,
        bbox.top + 12 * devicePixelRatio,
      );
    }
    ctx.restore();
  }

  #onKey(event: KeyboardEvent): void {
    const last = this.#data.steps.length - 1;
    if (last < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    const at = this.#index ?? last;
    const targets: Readonly<Record<string, number>> = {
      ArrowRight: Math.min(at + 1, last),
      ArrowUp: Math.min(at + 1, last),
      ArrowLeft: Math.max(at - 1, 0),
      ArrowDown: Math.max(at - 1, 0),
      PageUp: Math.min(at + 10, last),
      PageDown: Math.max(at - 10, 0),
      Home: 0,
      End: last,
    };
    const target = targets[event.key];
    if (target !== undefined) this.#moveLinked(target);
    else if (event.key === 'Enter' || event.key === ' ') this.#openStep(at);
    else if (event.key === 'Escape') this.zoom(undefined, undefined);
    else return;
    event.preventDefault();
  }

  /** Moves the cursors of all linked charts to the same place, or takes them off. */
  #moveLinked(index: number | undefined): void {
    this.#moveCursor(index);
    const place = index === undefined ? undefined : this.#data.steps[index];
    for (const chart of this.#options.link?.charts ?? []) {
      if (chart === this) continue;
      const before = chart.#data.steps.findLastIndex(
        (step) => place !== undefined && step <= place,
      );
      chart.#moveCursor(before < 0 ? undefined : before);
    }
  }

  #moveCursor(index: number | undefined, paint = true): void {
    if (paint && this.#plotted !== undefined) {
      const left =
        index === undefined ? -10 : this.#plotted.valToPos(this.#data.steps[index] ?? 0, 'x');
      this.#plotted.setCursor({ left, top: index === undefined ? -10 : 10 });
    }
    this.#index = index;
    this.#showValues(index);
    if (index !== undefined && document.activeElement === this.#plot) {
      setAttributes(this.#plot, {
        'aria-valuenow': this.#data.steps[index] ?? 0,
        'aria-valuetext': this.#sentenceAt(index),
      });
    }
  }

  #drawLegend(): void {
    const values: HTMLElement[] = [];
    const buttons = this.#data.series.map(({ label, colour, dash }) => {
      const value = element('span', 'legend-value');
      values.push(value);
      const toggle = element(
        'button',
        {
          className: 'legend-button',
          attributes: {
            type: 'button',
            'aria-pressed': !this.#hidden.has(label) ? 'true' : 'false',
          },
          on: {
            click: () => {
              this.#toggle(label, toggle);
            },
          },
        },
        element('span', `swatch swatch-${colour}${dash === undefined ? '' : ' dashed'}`),
        element('span', 'legend-label', label),
        value,
      );
      return toggle;
    });
    this.#values = values;
    fill(this.#legend, ...buttons);
  }

  #toggle(label: string, button: HTMLElement): void {
    const show = this.#hidden.has(label);
    if (show) this.#hidden.delete(label);
    else this.#hidden.add(label);
    button.setAttribute('aria-pressed', String(show));
    const index = this.#data.series.findIndex((one) => one.label === label);
    this.#plotted?.setSeries(index + 1, { show });
    [...this.#bandEdges(), ...this.#smoothCurves()].forEach(({ of }, place) => {
      if (of.label === label)
        this.#plotted?.setSeries(this.#data.series.length + 1 + place, { show });
    });
  }

  #copyButton(label: string, description: string, copy: () => Promise<void>): HTMLElement {
    // What is seen is part of what is heard.
    const name = `${label}: ${description}, ${this.#options.title}`;
    const say = (text: string, accessibleName: string) => {
      control.textContent = text;
      control.setAttribute('aria-label', accessibleName);
    };
    const tell = (outcome: string) => {
      say(outcome, outcome);
      window.setTimeout(() => {
        say(label, name);
      }, COPY_TOLD_MS);
    };
    const control = element(
      'button',
      {
        className: 'chart-copy',
        attributes: { type: 'button', title: description, 'aria-label': name },
        on: {
          click: () => {
            copy().then(
              () => {
                tell('Copied');
              },
              () => {
                tell('Not copied');
              },
            );
          },
        },
      },
      label,
    );
    return control;
  }

  async #copyCsv(): Promise<void> {
    await navigator.clipboard.writeText(chartCsv(this.#data));
  }

  async #copyPng(): Promise<void> {
    if (this.#plotted === undefined) throw new Error('There is no picture to copy.');
    const shown = this.#data.series.filter(({ label }) => !this.#hidden.has(label));
    const picture = chartPng(this.#plotted.ctx.canvas, this.#options.title, shown);
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': picture })]);
  }

  #showValues(index: number | undefined): void {
    const last = this.#data.steps.length - 1;
    const place = index ?? last;
    this.#at.textContent =
      place in this.#data.steps
        ? `${index === undefined ? 'latest, ' : ''}${this.#placeText(place)}`
        : '';
    for (const [position, one] of this.#data.series.entries()) {
      const value = this.#values[position];
      if (value === undefined) continue;
      // A metric that is measured now and then shows its latest value up to here.
      value.textContent = unitText(latestValue(one, place), this.#options.unit);
    }
  }

  #valuesAt(index: number): string {
    const values = this.#data.series
      .filter(({ label }) => !this.#hidden.has(label))
      .map((one) => `${one.label} ${unitText(latestValue(one, index), this.#options.unit)}`);
    return values.length === 0 ? 'no value' : values.join(', ');
  }

  #placeText(index: number): string {
    const { steps, axis } = this.#data;
    const place = steps[index] ?? 0;
    return axis === undefined ? `step ${String(place)}` : `${quantityText(place)} ${axis}`;
  }

  #sentenceAt(index: number): string {
    return `${this.#placeText(index)}: ${this.#valuesAt(index)} ${unitName(this.#options.unit)}`.trim();
  }

  /** The value, with its interval where it has one. */
  #cellText(one: ChartSeries, index: number): string {
    const { unit } = this.#options;
    const text = unitText(ownValue(one, index), unit);
    const [low, high] = [one.band?.low[index] ?? null, one.band?.high[index] ?? null];
    return low === null || high === null
      ? text
      : `${text} (${unitText(low, unit)} to ${unitText(high, unit)})`;
  }

  #drawTable(): void {
    const { steps, series } = this.#data;
    const from = Math.max(steps.length - MOST_TABLE_ROWS, 0);
    const rows = steps
      .slice(from)
      .map((step, index) => [
        String(step),
        ...series.map((one) => this.#cellText(one, from + index)),
      ]);
    fill(
      this.#tablePlace,
      plainTable({
        caption: `${this.#options.title}: table`,
        columns: [
          { title: this.#data.axis ?? 'Step', numeric: true },
          ...series.map(({ label }) => ({ title: label, numeric: true })),
        ],
        rows: rows.reverse(),
      }),
      from > 0 && element('p', 'hint', `The last ${String(MOST_TABLE_ROWS)} points.`),
    );
  }
}

function countOf(values: ArrayLike<number | null | undefined>): number {
  return Array.from(values).filter((value) => value !== null && value !== undefined).length;
}

function latestValue(series: ChartSeries, index: number): number | null {
  for (let place = index; place >= 0; place -= 1) {
    const value = ownValue(series, place);
    if (value !== null) return value;
  }
  return null;
}

function emptyText(steps: number, id: string): string {
  if (steps === 0) return 'The first point appears with the first step.';
  switch (id) {
    case 'probe':
      return 'Held-out tasks are measured every few steps (setting probeEverySteps).';
    case 'pass-at-k':
      return 'Several answers per task are sampled every so many steps (setting probeSampleEverySteps).';
    case 'start-solve-rate':
      return 'The model at the start answers some new tasks every few steps (setting curriculumEverySteps).';
    default:
      return 'Not measured in this run yet.';
  }
}

/** The colour with less strength, as a canvas understands it. */
function faint(colour: string, share = 0.35): string {
  return `color-mix(in srgb, ${colour} ${String(share * 100)}%, transparent)`;
}
