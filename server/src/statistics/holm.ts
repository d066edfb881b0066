/**
 * Adjusts p-values for how many hypotheses were tested (Holm 1979): each may be compared with the level
 * that holds for all of them together. In the order given; monotone, at most 1.
 */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, index) => index).sort((a, b) => pValues[a]! - pValues[b]!);
  const adjusted = new Array<number>(pValues.length).fill(1);
  let largest = 0;
  order.forEach((index, rank) => {
    largest = Math.max(largest, pValues[index]! * (pValues.length - rank));
    adjusted[index] = Math.min(1, largest);
  });
  return adjusted;
}
