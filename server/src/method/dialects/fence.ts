/** Fenced blocks: how they are written, and the lines that open and close them. */
import { type BlockLine, CODE_INDENTATION } from './blockLine.ts';

export interface Fence {
  readonly character: string;
  readonly length: number;
  /** The first word after it, in lower case; empty when there is none. */
  readonly label: string;
  /** Columns before it, which the lines of its block lose. */
  readonly indentation: number;
}

const SHORTEST = 3;

/** The fence that what is left of `line` is; undefined where it is none. */
export function openingFence(line: BlockLine): Fence | undefined {
  const fence = fenceIn(line);
  if (fence === undefined) return undefined;
  const { character, length, information } = fence;
  // Else it is code within a line.
  if (character === '`' && information.includes('`')) return undefined;
  const [label = ''] = information.trim().toLowerCase().split(/\s/, 1);
  return { character, length, label, indentation: line.indentation };
}

/** Does `line` end the block that `open` began? */
export function closesFence(line: BlockLine, open: Fence): boolean {
  const fence = fenceIn(line);
  return (
    fence?.character === open.character &&
    fence.length >= open.length &&
    fence.information.trim() === ''
  );
}

function fenceIn({ indentation, words }: BlockLine) {
  const [character] = words;
  if (indentation >= CODE_INDENTATION || (character !== '`' && character !== '~')) return undefined;
  let length = 1;
  while (words[length] === character) length += 1;
  return length < SHORTEST ? undefined : { character, length, information: words.slice(length) };
}

/** A block whose fence is longer than any in `content`, which would end it. */
export function fencedText(label: string, content: string): string {
  const inside = content.match(/`{3,}/g) ?? [];
  const ticks = '`'.repeat(Math.max(3, ...inside.map(({ length }) => length + 1)));
  return `${ticks}${label}\n${content}\n${ticks}`;
}
