/** Rewards of a batch in equal bins over their whole range; where mean and deviation lie in it. */

export interface RewardHistogram {
  readonly low: number;
  readonly high: number;
  readonly counts: readonly number[];
  /** Bin of the value asked about. */
  readonly currentBin: number | undefined;
}

export function rewardHistogram(
  values: readonly number[],
  current: number | undefined,
  marks: readonly number[],
  bins = 24,
): RewardHistogram {
  const all = [...values, ...marks, ...(current === undefined ? [] : [current])];
  const smallest = Math.min(...all);
  const largest = Math.max(...all);
  // A batch of equal rewards still gets a picture, with its one bar in the middle.
  const margin = largest - smallest < 1e-9 ? 0.5 : (largest - smallest) * 0.04;
  const low = smallest - margin;
  const high = largest + margin;
  const binOf = (value: number) =>
    Math.min(Math.floor(((value - low) / (high - low)) * bins), bins - 1);
  const counts = Array.from({ length: bins }, () => 0);
  for (const value of values) {
    const bin = binOf(value);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return { low, high, counts, currentBin: current === undefined ? undefined : binOf(current) };
}
