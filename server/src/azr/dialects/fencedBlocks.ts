/** Reads the fenced blocks of a completion, in one pass over its lines and without regular expressions that could backtrack. */

export interface FencedBlock {
  /** The word after the opening fence, in lower case; empty when there is none. */
  readonly label: string;
  readonly content: string;
}

const FENCE = '```';

/**
 * All closed blocks in order. A fence is a line that starts with three backticks after optional
 * spaces; a block that is never closed is not a block.
 */
export function fencedBlocks(completion: string): FencedBlock[] {
  const blocks: FencedBlock[] = [];
  let open: { label: string; lines: string[] } | undefined;
  for (const line of completion.split('\n')) {
    const trimmed = line.trim();
    if (open) {
      if (trimmed === FENCE) {
        blocks.push({ label: open.label, content: open.lines.join('\n') });
        open = undefined;
      } else {
        open.lines.push(line);
      }
    } else if (trimmed.startsWith(FENCE)) {
      open = { label: trimmed.slice(FENCE.length).trim().toLowerCase(), lines: [] };
    }
  }
  return blocks;
}

/** Contents of the blocks with this label, blank ones left out. */
export function blocksLabelled(completion: string, label: string): string[] {
  return fencedBlocks(completion)
    .filter((block) => block.label === label && block.content.trim() !== '')
    .map((block) => block.content);
}
