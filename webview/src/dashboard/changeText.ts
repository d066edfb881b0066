/** Changes of rates in words. */
import type { RateChange } from '../../../server/protocol/learning.ts';

/** In points of a hundred, with the interval. */
export function changeText({ before, after, low, high }: RateChange): string {
  return `${pointsText(after - before)} (${pointsText(low)} to ${pointsText(high)})`;
}

/** A share as points of a hundred, with its sign. */
export function pointsText(share: number): string {
  const rounded = Math.round(share * 1000) / 10;
  return `${rounded > 0 ? '+' : rounded < 0 ? '−' : ''}${String(Math.abs(rounded))}`;
}
