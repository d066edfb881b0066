/** A completion with the parts marked that the parser took for something. */
import type { ParsedPart } from '../../../server/protocol/rewardStory.ts';
import { type Child, element } from '../ui/elements.ts';
import { shownText } from '../ui/shownText.ts';
import { codeRegion, emptyMark } from './codeBlock.ts';

export interface TextPiece {
  readonly text: string;
  readonly part?: ParsedPart['part'];
}

/** Cuts a text at its parts. Parts that overlap an earlier one or lie outside the text are left out. */
export function textPieces(text: string, parts: readonly ParsedPart[]): TextPiece[] {
  const pieces: TextPiece[] = [];
  let at = 0;
  for (const { start, end, part } of [...parts].sort((a, b) => a.start - b.start)) {
    if (start < at || end <= start || start >= text.length) continue;
    if (start > at) pieces.push({ text: text.slice(at, start) });
    pieces.push({ text: text.slice(start, end), part });
    at = Math.min(end, text.length);
  }
  if (at < text.length) pieces.push({ text: text.slice(at) });
  return pieces;
}

export function completionView(completion: string, parts: readonly ParsedPart[]): HTMLElement {
  const { text, cut } = shownText(completion);
  const pieces = textPieces(text, parts).map((piece): Child => {
    const { part } = piece;
    if (part === undefined) return piece.text;
    return element(
      'mark',
      { className: `part part-${part}`, attributes: { title: `Read as ${part}` } },
      piece.text,
    );
  });
  const kinds = [...new Set(parts.map(({ part }) => part))];
  return element(
    'div',
    {},
    kinds.length > 0 &&
      element(
        'p',
        'legend-line',
        'Read as: ',
        ...kinds.map((kind) => element('span', `part part-${kind} legend-chip`, kind)),
      ),
    codeRegion('Completion', pieces.length === 0 ? [emptyMark()] : pieces, cut),
  );
}
