/** A stretch of a text: from `start` up to and without `end`, in UTF-16 units. */
export interface Span {
  readonly start: number;
  readonly end: number;
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
