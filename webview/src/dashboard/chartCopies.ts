/** A chart for elsewhere: its numbers as CSV, and its picture with title and legend as PNG. */
import { colourToken, themeColour } from '../ui/themeColours.ts';
import { type ChartData, type ChartSeries, ownValue } from './chartData.ts';

const MARGIN = 12;
const LINE_HEIGHT = 18;

/** All points as they were measured, a row per step; places without a value stay empty. */
export function chartCsv({ steps, series, axis }: ChartData): string {
  const header = [axis ?? 'step', ...series.map(({ label }) => field(label))];
  const rows = steps.map((step, index) => [
    String(step),
    ...series.map((one) => String(ownValue(one, index) ?? '')),
  ]);
  return [header, ...rows].map((row) => `${row.join(',')}\n`).join('');
}

/** A name of a run is its author's: quoted, and never a formula. */
function field(text: string): string {
  const plain = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

/** `plot` on the background of the page, below `title` and above the names of the curves. */
export async function chartPng(
  plot: HTMLCanvasElement,
  title: string,
  series: readonly Pick<ChartSeries, 'label' | 'colour'>[],
): Promise<Blob> {
  const ratio = devicePixelRatio;
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('The page has no canvas to draw on.');
  const width = plot.width / ratio + 2 * MARGIN;
  const font = `12px ${getComputedStyle(document.body).fontFamily}`;
  context.font = font;
  const legend = legendPlaces(series, width, (text) => context.measureText(text).width);
  const legendTop = LINE_HEIGHT + 2 * MARGIN + plot.height / ratio;
  const height = legendTop + LINE_HEIGHT * ((legend.at(-1)?.line ?? 0) + 1) + MARGIN;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  context.scale(ratio, ratio);
  context.fillStyle = themeColour('--vscode-editor-background');
  context.fillRect(0, 0, width, height);
  const text = themeColour('--vscode-editor-foreground', '--vscode-foreground');
  context.textBaseline = 'middle';
  context.font = `bold ${font}`;
  context.fillStyle = text;
  context.fillText(title, MARGIN, MARGIN + LINE_HEIGHT / 2);
  context.drawImage(plot, MARGIN, MARGIN + LINE_HEIGHT, plot.width / ratio, plot.height / ratio);
  context.font = font;
  for (const { label, colour, x, line } of legend) {
    const y = legendTop + LINE_HEIGHT * (line + 0.5);
    context.fillStyle = themeColour(colourToken(colour));
    context.fillRect(x, y - 1, SWATCH, 3);
    context.fillStyle = text;
    context.fillText(label, x + SWATCH + 6, y);
  }
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob === null) reject(new Error('The picture could not be made.'));
      else resolve(blob);
    }, 'image/png');
  });
}

const SWATCH = 16;
const GAP = 18;

interface LegendPlace extends Pick<ChartSeries, 'label' | 'colour'> {
  readonly x: number;
  readonly line: number;
}

/** From left to right, on a new line where the next name has no room. */
function legendPlaces(
  series: readonly Pick<ChartSeries, 'label' | 'colour'>[],
  width: number,
  widthOf: (text: string) => number,
): LegendPlace[] {
  let x = MARGIN;
  let line = 0;
  return series.map(({ label, colour }) => {
    const own = SWATCH + 6 + widthOf(label);
    if (x > MARGIN && x + own > width - MARGIN) {
      x = MARGIN;
      line += 1;
    }
    const place = { label, colour, x, line };
    x += own + GAP;
    return place;
  });
}
