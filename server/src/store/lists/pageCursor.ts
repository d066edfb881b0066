/** Where a page ended, as opaque text. It names a row, not a number of rows, so that what is committed meanwhile moves nothing. */
import { ProblemError } from '../../../protocol/problem.ts';
import { MAXIMUM_PAGE } from '../../../protocol/queries.ts';

/** The last row seen: rows without a value of the sorted column come after all that have one. */
export type Place =
  | { readonly kind: 'valued'; readonly key: number; readonly id: number }
  | { readonly kind: 'unvalued'; readonly id: number };

/** @param order what the list is sorted by; a cursor of one order means nothing in another */
export function cursorText(order: string, place: Place): string {
  const parts = place.kind === 'valued' ? [place.id, place.key] : [place.id];
  return JSON.stringify([order, ...parts]);
}

/** Inverse of {@link cursorText}. Throws ProblemError `invalid-query` for anything else. */
export function cursorPlace(order: string, cursor: string): Place {
  const parts = parsed(cursor);
  const [cursorOrder, id, key] = parts;
  if (cursorOrder !== order || !Number.isSafeInteger(id) || parts.length > 3) {
    throw new ProblemError({
      code: 'invalid-query',
      message: 'The place to continue a list from belongs to another list.',
      remedy: 'Load the list from its beginning.',
    });
  }
  return typeof key === 'number'
    ? { kind: 'valued', id: Number(id), key }
    : { kind: 'unvalued', id: Number(id) };
}

function parsed(cursor: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(cursor);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

/** How many rows a page holds at most, when `limit` are wanted. */
export function pageSize(limit: number): number {
  return Math.min(wholeNumber('limit', limit, 1), MAXIMUM_PAGE);
}

/** `value` itself. Throws ProblemError `invalid-query` when it is not a whole number from `minimum` on. */
export function wholeNumber(name: string, value: number, minimum: number): number {
  if (Number.isSafeInteger(value) && value >= minimum) return value;
  throw new ProblemError({
    code: 'invalid-query',
    message: `"${name}" of a query is ${String(value)}.`,
    remedy: `Ask with a whole number from ${String(minimum)} on.`,
  });
}
