/**
 * Finds the fenced blocks of a completion by the rules of CommonMark 0.31, in one pass over its lines and
 * without regular expressions that could backtrack. Only what decides where fences stand is read: list
 * items and quotes, which indent them, and paragraphs, which reach into lines that are indented less.
 * HTML is not: a model's tags around a block hide nothing.
 */
import { BlockContainers } from './blockContainers.ts';
import { BlockLine } from './blockLine.ts';
import { closesFence, type Fence, openingFence } from './fence.ts';
import type { Passage, Span } from './span.ts';

export interface FencedBlock {
  /** The first word after the opening fence, in lower case; empty when there is none. */
  readonly label: string;
  /** The lines between the fences, without the indentation of the block. */
  readonly content: Passage;
}

/**
 * All closed blocks in order. Unlike in CommonMark a block that is never closed is not a block: nobody
 * knows where it would have ended.
 * @param within the part of the completion to look in
 */
export function fencedBlocks(completion: string, within: Span): FencedBlock[] {
  const blocks: FencedBlock[] = [];
  if (!completion.includes('```') && !completion.includes('~~~')) return blocks;
  const containers = new BlockContainers();
  let open: { readonly fence: Fence; readonly lines: Passage[] } | undefined;
  for (const span of linesOf(completion, within)) {
    if (open !== undefined) {
      const line = new BlockLine(completion, span);
      if (containers.hold(line)) {
        if (closesFence(line, open.fence)) {
          const content = contentOf(open.lines, span.start);
          blocks.push({ label: open.fence.label, content });
          open = undefined;
        } else {
          line.skipColumns(open.fence.indentation);
          open.lines.push(line.rest);
        }
        continue;
      }
    }
    const line = new BlockLine(completion, span);
    containers.enter(line);
    const fence = openingFence(line);
    open = fence && { fence, lines: [] };
  }
  return blocks;
}

/** Contents of the blocks with this label, blank ones left out. */
export function blocksLabelled(completion: string, within: Span, label: string): Passage[] {
  return fencedBlocks(completion, within)
    .filter((block) => block.label === label && block.content.text.trim() !== '')
    .map((block) => block.content);
}

/** A block without lines ends where it starts, before the line of its closing fence. */
function contentOf(lines: readonly Passage[], closing: number): Passage {
  return {
    start: lines[0]?.start ?? closing,
    end: lines.at(-1)?.end ?? closing,
    text: lines.map(({ text }) => text).join('\n'),
  };
}

/** Lines without what ends them. */
function* linesOf(completion: string, { start, end }: Span): Generator<Span> {
  let lineStart = start;
  for (let index = start; index < end; index += 1) {
    const character = completion[index];
    if (character !== '\n' && character !== '\r') continue;
    yield { start: lineStart, end: index };
    if (character === '\r' && completion[index + 1] === '\n' && index + 1 < end) index += 1;
    lineStart = index + 1;
  }
  yield { start: lineStart, end };
}
