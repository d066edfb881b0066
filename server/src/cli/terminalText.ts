/** Text that is safe and pleasant to show in a terminal. */

/** Everything that a terminal might obey instead of showing, but for line breaks and tabs. */
// eslint-disable-next-line no-control-regex -- control characters are what this is about
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/** `text` without anything that moves the cursor, changes colours or reorders what is read. */
export function printable(text: string): string {
  return text.replaceAll(CONTROL, '\ufffd');
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

const CODES: Readonly<Record<Style, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
};

/** Wraps a text in a style, or leaves it plain. */
export type Paint = (style: Style, text: string) => string;

/** A {@link Paint} that obeys https://no-color.org and the terminal's own abilities. */
export function paintFor(stream: { hasColors?(): boolean }): Paint {
  const noColor = process.env['NO_COLOR'];
  const coloured = (noColor === undefined || noColor === '') && (stream.hasColors?.() ?? false);
  if (!coloured) return (_, text) => text;
  return (style, text) => {
    const [on, off] = CODES[style];
    return `\u001b[${on}m${text}\u001b[${off}m`;
  };
}

const SPARKS = '▁▂▃▄▅▆▇█';

/** The last `width` of `values` as bars between the smallest and the largest of them. */
export function sparkline(values: readonly number[], width: number): string {
  const shown = values.slice(-width);
  const lowest = Math.min(...shown);
  const span = Math.max(...shown) - lowest;
  return shown
    .map((value) => {
      const height = span === 0 ? 0.5 : (value - lowest) / span;
      return SPARKS[Math.round(height * (SPARKS.length - 1))];
    })
    .join('');
}

/** `done` of `total` as a bar of `width` characters. */
export function progressBar(done: number, total: number, width: number): string {
  const filled = total === 0 ? 0 : Math.round((Math.min(done, total) / total) * width);
  return '█'.repeat(filled) + '░'.repeat(width - filled);
}

/** A duration as a person says it: "0.8 s", "42 s", "3 min 5 s", "2 h 10 min". */
export function durationText(durationMs: number): string {
  const seconds = durationMs / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A share in [0, 1] as a percentage: "41 %". */
export function percentText(share: number | undefined): string {
  return share === undefined ? '–' : `${(share * 100).toFixed(0)} %`;
}
