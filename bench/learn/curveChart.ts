/** Draws learning curves as a plain SVG that needs no script and reads on light and dark pages. */

export interface ChartSeries {
  readonly label: string;
  readonly colour: string;
  readonly width: number;
  readonly points: readonly (readonly [x: number, y: number])[];
}

const WIDTH = 720;
const HEIGHT = 380;
const MARGIN = { left: 52, right: 150, top: 34, bottom: 46 };

/**
 * A line chart of solve rates.
 * @param series y values in [0, 1]
 */
export function curveChart(
  title: string,
  axisLabel: string,
  series: readonly ChartSeries[],
): string {
  const longest = Math.max(...series.flatMap(({ points }) => points.map(([x]) => x)), 1);
  const highest = Math.max(...series.flatMap(({ points }) => points.map(([, y]) => y)));
  const top = Math.min(1, Math.ceil(highest * 10 + 0.5) / 10);
  const x = (value: number) =>
    MARGIN.left + (value / longest) * (WIDTH - MARGIN.left - MARGIN.right);
  const y = (value: number) =>
    HEIGHT - MARGIN.bottom - (value / top) * (HEIGHT - MARGIN.top - MARGIN.bottom);
  const lines = series.map(({ colour, width, points }) => {
    const path = points.map(([px, py]) => `${x(px).toFixed(1)},${y(py).toFixed(1)}`).join(' ');
    return `<polyline fill="none" stroke="${colour}" stroke-width="${String(width)}" points="${path}"/>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${String(WIDTH)} ${String(HEIGHT)}" font-family="sans-serif" font-size="12" role="img" aria-label="${escape(title)}">`,
    `<rect width="${String(WIDTH)}" height="${String(HEIGHT)}" fill="#ffffff"/>`,
    `<text x="${String(MARGIN.left)}" y="20" font-size="14" fill="#222222">${escape(title)}</text>`,
    ...horizontalGrid(top, y),
    ...verticalTicks(longest, x),
    `<text x="${x(longest / 2).toFixed(0)}" y="${String(HEIGHT - 10)}" text-anchor="middle" fill="#444444">${escape(axisLabel)}</text>`,
    ...lines,
    ...legend(series),
    '</svg>\n',
  ].join('\n');
}

function horizontalGrid(top: number, y: (value: number) => number): string[] {
  const ticks = Array.from({ length: Math.round(top * 10) + 1 }, (_, index) => index / 10);
  return ticks.flatMap((tick) => [
    `<line x1="${String(MARGIN.left)}" x2="${String(WIDTH - MARGIN.right)}" y1="${y(tick).toFixed(1)}" y2="${y(tick).toFixed(1)}" stroke="#dddddd"/>`,
    `<text x="${String(MARGIN.left - 8)}" y="${(y(tick) + 4).toFixed(1)}" text-anchor="end" fill="#444444">${String(Math.round(tick * 100))} %</text>`,
  ]);
}

function verticalTicks(longest: number, x: (value: number) => number): string[] {
  return [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const value = share * longest;
    return `<text x="${x(value).toFixed(1)}" y="${String(HEIGHT - MARGIN.bottom + 18)}" text-anchor="middle" fill="#444444">${String(Math.round(value))}</text>`;
  });
}

function legend(series: readonly ChartSeries[]): string[] {
  return series.flatMap(({ label, colour, width }, index) => {
    const left = WIDTH - MARGIN.right + 12;
    const top = MARGIN.top + 14 + index * 20;
    return [
      `<line x1="${String(left)}" x2="${String(left + 18)}" y1="${String(top)}" y2="${String(top)}" stroke="${colour}" stroke-width="${String(width)}"/>`,
      `<text x="${String(left + 24)}" y="${String(top + 4)}" fill="#222222">${escape(label)}</text>`,
    ];
  });
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
