/** One line of a Markdown text, read from the left: its indentation counts in columns. */
import { type Passage, type Span, textAt } from './span.ts';

/** From here on a line is indented code, or goes on with a paragraph. */
export const CODE_INDENTATION = 4;
const TAB_COLUMNS = 4;

export class BlockLine {
  readonly #text: string;
  readonly #end: number;
  #position: number;
  #column = 0;
  /** Columns of a tab that was taken away in part: they are left as spaces. */
  #spaces = 0;
  /** Where what is not white space begins, and its column. */
  #first = 0;
  #firstColumn = 0;
  #words = '';

  constructor(text: string, { start, end }: Span) {
    this.#text = text;
    this.#position = start;
    this.#end = end;
    this.#findFirst();
  }

  get isBlank(): boolean {
    return this.#first === this.#end;
  }

  /** Columns of white space before what is left. */
  get indentation(): number {
    return this.#firstColumn - this.#column;
  }

  /** What is left, without the white space before it. */
  get words(): string {
    return this.#words;
  }

  /** What is left, white space and all. */
  get rest(): Passage {
    const span = { start: this.#position, end: this.#end };
    return { ...span, text: ' '.repeat(this.#spaces) + textAt(this.#text, span) };
  }

  /** Takes up to so many columns of white space away. */
  skipColumns(columns: number): void {
    const target = Math.min(this.#column + columns, this.#firstColumn);
    let reached = this.#column + this.#spaces;
    while (reached < target) {
      reached = columnAfter(this.#text[this.#position], reached);
      this.#position += 1;
    }
    this.#column = target;
    this.#spaces = reached - target;
  }

  /** Takes the white space away, and then so many characters that are none. */
  skipWords(characters: number): void {
    this.#position = this.#first + characters;
    this.#column = this.#firstColumn + characters;
    this.#spaces = 0;
    this.#findFirst();
  }

  #findFirst(): void {
    this.#first = this.#position;
    this.#firstColumn = this.#column;
    while (this.#first < this.#end) {
      const character = this.#text[this.#first];
      if (character !== ' ' && character !== '\t') break;
      this.#firstColumn = columnAfter(character, this.#firstColumn);
      this.#first += 1;
    }
    this.#words = this.#text.slice(this.#first, this.#end);
  }
}

function columnAfter(character: string | undefined, column: number): number {
  return character === '\t' ? column + TAB_COLUMNS - (column % TAB_COLUMNS) : column + 1;
}
