/** Where in a completion the answer stands. Reading is total: another form gives undefined. */
import { fencedBlocks } from '../../method/dialects/fencedBlocks.ts';
import { textAt } from '../../method/dialects/span.ts';
import { afterThought } from '../../method/dialects/thought.ts';

/** The phrase after which an answer stands that is not in a fenced block. */
export const ANSWER_PHRASE = 'Answer:';

const PHRASE_LINE = /^[ \t>*_#]*answer[*_]*:[*_ \t]*(\S.*)$/gim;

/** The last fenced block that is not blank, after the thinking of a model that thinks aloud. */
export function lastBlock(completion: string): string | undefined {
  const said = afterThought(completion);
  if (said === undefined) return undefined;
  const blocks = fencedBlocks(completion, said).map(({ content }) => content.text);
  return blocks.findLast((text) => text.trim() !== '');
}

/** The rest of the last line that begins with the phrase, Markdown around it removed. */
export function afterPhrase(completion: string): string | undefined {
  const said = afterThought(completion);
  if (said === undefined) return undefined;
  const answer = [...textAt(completion, said).matchAll(PHRASE_LINE)].at(-1)?.[1]?.trim();
  if (answer === undefined) return undefined;
  const marked = /^`+([^`]+)`+$/.exec(answer)?.[1] ?? answer.replace(/\*\*$/, '');
  return marked.trim();
}

/** The last block, else what follows the phrase. */
export function blockOrPhrase(completion: string): string | undefined {
  return lastBlock(completion)?.trim() ?? afterPhrase(completion);
}

/** The first line that is not blank. */
export function firstLine(completion: string): string | undefined {
  const line = completion.split('\n').find((one) => one.trim() !== '');
  return line?.trim();
}

/**
 * The rest of a function whose beginning was the prompt: up to the first line that is not indented. A line
 * without indentation within a text of several lines ends it too.
 */
export function restOfFunction(completion: string): string {
  const lines = completion.replace(/\r\n?/g, '\n').split('\n');
  // The first line goes on where the prompt ended.
  const end = lines.findIndex((line, index) => index > 0 && /^\S/.test(line));
  return (end < 0 ? lines : lines.slice(0, end)).join('\n').trimEnd();
}
