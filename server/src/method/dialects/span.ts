/** A stretch of a text: from `start` up to and without `end`, in UTF-16 units. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A stretch of a text, and what is read there: lines may be told apart from their indentation. */
export interface Passage extends Span {
  readonly text: string;
}

export function textAt(text: string, { start, end }: Span): string {
  return text.slice(start, end);
}

/** The span without the white space at both of its ends; empty when it holds nothing else. */
export function trimmedSpan(text: string, { start, end }: Span): Span {
  const content = text.slice(start, end);
  const first = start + content.length - content.trimStart().length;
  return { start: first, end: Math.max(first, start + content.trimEnd().length) };
}

export function isEmptySpan({ start, end }: Span): boolean {
  return end <= start;
}

/** The passage without the white space at both of its ends. */
export function trimmedPassage(text: string, { text: content, ...span }: Passage): Passage {
  return { ...trimmedSpan(text, span), text: content.trim() };
}

/** A stretch that is read as it stands. */
export function passageAt(text: string, span: Span): Passage {
  return { ...span, text: textAt(text, span) };
}
