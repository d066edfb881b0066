/** Smooth curves: an exponential moving average over what was measured. */

export const STRONGEST_SMOOTHING = 0.95;

/**
 * The average at each place, `strength` in [0, 1) being the weight of what came before: m = w·m + (1−w)·x,
 * divided by 1−wⁿ so that the first values are not drawn towards 0. Places without a value stay without one.
 */
export function smoothed(
  values: readonly (number | null)[],
  strength: number,
): readonly (number | null)[] {
  let average = 0;
  let weight = 0;
  return values.map((value) => {
    if (value === null) return null;
    average = strength * average + (1 - strength) * value;
    weight = strength * weight + (1 - strength);
    return average / weight;
  });
}
