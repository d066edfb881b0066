/** The list items and quotes around a line of Markdown, which take a part of its indentation. */
import { type BlockLine, CODE_INDENTATION } from './blockLine.ts';
import { openingFence } from './fence.ts';

/** A quote, or a list item whose content is indented by so many columns. */
type Container = 'quote' | number;

/** An item that begins with an indented line of code is indented by one column. */
const WIDEST_GAP = 4;
/** What is nested deeper is text, so that no line takes longer than others. */
const DEEPEST = 20;

export class BlockContainers {
  #open: Container[] = [];
  /** Does the line before belong to a paragraph, which the next one may go on with? */
  #inParagraph = false;

  /** Takes what the open containers take from `line`; false when it is outside of one of them. */
  hold(line: BlockLine): boolean {
    return this.#match(line) === this.#open.length;
  }

  /** The same, and leaves the containers that `line` is outside of and enters those that begin in it. */
  enter(line: BlockLine): void {
    const matched = this.#match(line);
    if (matched < this.#open.length && this.#inParagraph && goesOn(line)) return;
    const inSameParagraph = this.#inParagraph && matched === this.#open.length;
    this.#open.length = matched;
    while (this.#open.length < DEEPEST) {
      const container = begins(line, inSameParagraph && this.#open.length === matched);
      if (container === undefined) break;
      this.#open.push(container);
    }
    const isNewBlock = !inSameParagraph || this.#open.length > matched;
    const isCode = isNewBlock && line.indentation >= CODE_INDENTATION;
    this.#inParagraph = !line.isBlank && !isCode && isText(line);
  }

  #match(line: BlockLine): number {
    let matched = 0;
    for (const container of this.#open) {
      if (container === 'quote') {
        if (!takeQuote(line)) break;
      } else if (line.isBlank || line.indentation >= container) {
        line.skipColumns(container);
      } else {
        break;
      }
      matched += 1;
    }
    return matched;
  }
}

/** Does it go on with the paragraph of a container that it is outside of? */
function goesOn(line: BlockLine): boolean {
  if (line.isBlank) return false;
  if (line.indentation >= CODE_INDENTATION) return true;
  return isText(line) && !line.words.startsWith('>') && markerOf(line.words) === undefined;
}

/** May it be a line of a paragraph, in the containers that it is in? */
function isText(line: BlockLine): boolean {
  return openingFence(line) === undefined && !isHeadingOrRule(line.words);
}

/** Takes the beginning of a container from `line`. */
function begins(line: BlockLine, inParagraph: boolean): Container | undefined {
  if (line.isBlank || line.indentation >= CODE_INDENTATION) return undefined;
  if (takeQuote(line)) return 'quote';
  if (isHeadingOrRule(line.words)) return undefined;
  const marker = markerOf(line.words);
  if (marker === undefined) return undefined;
  const isEmpty = line.words.slice(marker.length).trim() === '';
  // In the middle of a paragraph "2." may just be a number.
  if (inParagraph && (isEmpty || !marker.begins)) return undefined;
  const before = line.indentation + marker.length;
  line.skipWords(marker.length);
  if (line.words === '') return before + 1;
  const gap = line.indentation > WIDEST_GAP ? 1 : line.indentation;
  line.skipColumns(gap);
  return before + gap;
}

function takeQuote(line: BlockLine): boolean {
  if (line.indentation >= CODE_INDENTATION || !line.words.startsWith('>')) return false;
  line.skipWords(1);
  line.skipColumns(1);
  return true;
}

/** A bullet, or up to nine digits with a dot or a bracket, that a space or the end of the line follows. */
function markerOf(words: string): { length: number; begins: boolean } | undefined {
  const [marker] = /^(?:[-+*]|\d{1,9}[.)])(?=[ \t]|$)/.exec(words) ?? [];
  if (marker === undefined) return undefined;
  return { length: marker.length, begins: marker.length === 1 || /^0*1\D/.test(marker) };
}

function isHeadingOrRule(words: string): boolean {
  return /^#{1,6}(?:[ \t]|$)/.test(words) || isRule(words);
}

/** Three or more of the same of `-`, `_` and `*`, and nothing else. */
function isRule(words: string): boolean {
  const [character = ''] = words;
  if (!'-_*'.includes(character)) return false;
  let count = 0;
  for (const each of words) {
    if (each === character) count += 1;
    else if (each !== ' ' && each !== '\t') return false;
  }
  return count >= 3;
}
