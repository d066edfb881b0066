/** Finds the fenced blocks of a completion, in one pass over its lines and without regular expressions that could backtrack. */
import { isEmptySpan, type Span, trimmedSpan } from './span.ts';

export interface FencedBlock {
  /** The word after the opening fence, in lower case; empty when there is none. */
  readonly label: string;
  /** From the line after the opening fence to the end of the line before the closing one. */
  readonly content: Span;
}

const FENCE = '```';

/**
 * All closed blocks in order. A fence is a line that starts with three backticks after optional
 * spaces; a block that is never closed is not a block.
 * @param within the part of the completion to look in
 */
export function fencedBlocks(completion: string, within: Span): FencedBlock[] {
  const blocks: FencedBlock[] = [];
  let open: { readonly label: string; readonly start: number } | undefined;
  let lineStart = within.start;
  for (const line of completion.slice(within.start, within.end).split('\n')) {
    const trimmed = line.trim();
    if (open) {
      if (trimmed === FENCE) {
        // A block without lines ends where it starts, before the closing fence.
        const end = Math.max(open.start, lineStart - 1);
        blocks.push({ label: open.label, content: { start: open.start, end } });
        open = undefined;
      }
    } else if (trimmed.startsWith(FENCE)) {
      const label = trimmed.slice(FENCE.length).trim().toLowerCase();
      open = { label, start: lineStart + line.length + 1 };
    }
    lineStart += line.length + 1;
  }
  return blocks;
}

/** Contents of the blocks with this label, blank ones left out. */
export function blocksLabelled(completion: string, within: Span, label: string): Span[] {
  return fencedBlocks(completion, within)
    .map((block) => ({ ...block, blank: isEmptySpan(trimmedSpan(completion, block.content)) }))
    .filter((block) => block.label === label && !block.blank)
    .map((block) => block.content);
}
