/** Text that is safe and pleasant to show in a terminal. */
import { visibleText } from '../../../protocol/visibleText.ts';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

const CODES: Readonly<Record<Style, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
};

/**
 * A text for a terminal, every control sequence in it one of {@link Style}. A terminal acts on what it is
 * sent: it clears its screen, changes its title or writes to the clipboard. `shown` and `paint` make such
 * texts, and whatever is put into them is made visible first.
 */
export class TerminalText {
  readonly #sequences: string;

  private constructor(sequences: string) {
    this.#sequences = sequences;
  }

  /** Whatever a program or a model wrote, as it is. */
  static of(text: string | number): TerminalText {
    return new TerminalText(visibleText(String(text)));
  }

  static styled(style: Style, text: TerminalText): TerminalText {
    const [on, off] = CODES[style];
    return new TerminalText(`\u001b[${on}m${text.toString()}\u001b[${off}m`);
  }

  static concat(parts: readonly TerminalText[]): TerminalText {
    return new TerminalText(parts.map(String).join(''));
  }

  /** What is sent to the terminal. */
  toString(): string {
    return this.#sequences;
  }
}

export type Shown = TerminalText | string | number;

/** A template whose values, unless they are TerminalTexts already, are made visible. */
export function shown(strings: TemplateStringsArray, ...values: Shown[]): TerminalText {
  const parts = strings.flatMap((text, index) => {
    const value = values[index];
    return value === undefined ? [TerminalText.of(text)] : [TerminalText.of(text), textOf(value)];
  });
  return TerminalText.concat(parts);
}

function textOf(value: Shown): TerminalText {
  return value instanceof TerminalText ? value : TerminalText.of(value);
}

/** `text` on one line. */
export function singleLine(text: string): string {
  return text.replaceAll('\n', '⏎');
}

/** Shows a text in a style, or plain. */
export type Paint = (style: Style, text: Shown) => TerminalText;

/** A {@link Paint} that follows https://no-color.org and the terminal's own abilities. */
export function paintFor(stream: { hasColors?(): boolean }): Paint {
  const noColor = process.env['NO_COLOR'];
  const coloured = (noColor === undefined || noColor === '') && (stream.hasColors?.() ?? false);
  if (!coloured) return (_, text) => textOf(text);
  return (style, text) => TerminalText.styled(style, textOf(text));
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
