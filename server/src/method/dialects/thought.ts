/** The thinking aloud of a model, which stands before what it answers. */
import type { Span } from './span.ts';

export const THOUGHT_END = '</think>';

/**
 * What stands after the thinking of a model that thinks aloud, which is all where none does. The
 * template of some opens the thought in the prompt. A thought that is not closed is followed by nothing.
 */
export function afterThought(completion: string): Span | undefined {
  const closed = completion.indexOf(THOUGHT_END);
  if (closed < 0 && completion.trimStart().startsWith('<think>')) return undefined;
  return { start: closed < 0 ? 0 : closed + THOUGHT_END.length, end: completion.length };
}
