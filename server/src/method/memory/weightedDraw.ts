/** Draws without repetition where some items are worth more than others. */
import type { RandomStream } from '../randomStream.ts';

/** Draws per item that is wanted, after which there are fewer: where few items carry all the weight. */
const TRIES = 16;

/**
 * Up to `count` different items, each draw proportional to the weights; what was drawn already is
 * drawn anew. An item of weight 0 is never drawn.
 */
export function drawWeighted<Item>(
  items: readonly Item[],
  weightOf: (item: Item) => number,
  count: number,
  random: RandomStream,
): Item[] {
  if (count === 0) return [];
  let total = 0;
  const sums = items.map((item) => (total += weightOf(item)));
  const drawn = new Set<Item>();
  for (let tries = TRIES * count; tries > 0 && drawn.size < count && total > 0; tries -= 1) {
    drawn.add(items[placeOf(sums, random.next() * total)]!);
  }
  return [...drawn];
}

/** The first place whose sum is above `value`, by halving. */
function placeOf(sums: readonly number[], value: number): number {
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle]! > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
