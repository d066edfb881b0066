/**
 * The one way to this process's output. Whatever is written is made visible first, so that no text of a
 * run, no output of a program and no message of a server is ever taken for a command to the terminal;
 * colours and the live view's own sequences are added here. ESLint keeps the commands from the streams.
 */
import { once } from 'node:events';
import type { Writable } from 'node:stream';

import { visibleJson } from '../../../protocol/visibleText.ts';
import { paintFor, type Paint, shown, type TerminalText } from './terminalText.ts';

/** What the live view does to the screen. */
const SEQUENCES = {
  /** The second screen, so that the scroll-back stays as it was; no cursor, no wrapped lines. */
  enter: '\u001b[?1049h\u001b[?25l\u001b[?7l',
  leave: '\u001b[?7h\u001b[?25h\u001b[?1049l',
} as const;
/** Terminals that know mode 2026 show a frame only when it is complete; the others ignore it. */
const BEGIN_FRAME = '\u001b[?2026h\u001b[H';
const END_FRAME = '\u001b[J\u001b[?2026l';
const END_OF_LINE = '\u001b[K';

/** A stream that may be a terminal. */
export interface OutputStream extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  hasColors?(): boolean;
}

export class Terminal {
  readonly #stream: OutputStream;
  readonly paint: Paint;

  constructor(stream: OutputStream) {
    this.#stream = stream;
    this.paint = paintFor(stream);
  }

  /** Whether a person looks at it. */
  get isTTY(): boolean {
    return this.#stream.isTTY === true;
  }

  get size(): { readonly columns: number; readonly rows: number } {
    return { columns: this.#stream.columns ?? 80, rows: this.#stream.rows ?? 24 };
  }

  /** Writes a text, which may have several lines, and ends the last of them. */
  line(text: TerminalText | string): void {
    this.#stream.write(`${shown`${text}`.toString()}\n`);
  }

  /** Writes one line of JSON. */
  json(value: object): void {
    this.#stream.write(`${visibleJson(value)}\n`);
  }

  /** Waits while the reader at the other end is slower than we are. */
  async room(): Promise<void> {
    if (this.#stream.writableNeedDrain) await once(this.#stream, 'drain');
  }

  /** Enters or leaves the second screen. */
  screen(way: keyof typeof SEQUENCES): void {
    this.#stream.write(SEQUENCES[way]);
  }

  /** Replaces what is on the second screen. */
  frame(lines: readonly TerminalText[]): void {
    const drawn = lines.map((line) => `${line.toString()}${END_OF_LINE}`).join('\r\n');
    this.#stream.write(BEGIN_FRAME + drawn + END_FRAME);
  }

  onResize(listener: () => void): () => void {
    this.#stream.on('resize', listener);
    return () => this.#stream.off('resize', listener);
  }

  onError(listener: (error: NodeJS.ErrnoException) => void): void {
    this.#stream.on('error', listener);
  }
}

export const STDOUT = new Terminal(process.stdout);
export const STDERR = new Terminal(process.stderr);
