/** How sure a mean over tasks is, without assuming how its values are spread. */
const RESAMPLES = 1000;

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/**
 * Percentile bootstrap over tasks of the mean over cells (see cells.ts): each cell is drawn again from its own values, as
 * often as it has some. The same numbers always give the same interval. @param level such as 0.95
 */
export function bootstrapInterval(cells: readonly (readonly number[])[], level: number): Interval {
  const next = generator();
  return percentiles(() => resampled(cells, next), level);
}

/** The same of the mean over cells of `after` less that of `before`, whose values are drawn apart. */
export function bootstrapDifference(
  before: readonly (readonly number[])[],
  after: readonly (readonly number[])[],
  level: number,
): Interval {
  const next = generator();
  return percentiles(() => resampled(after, next) - resampled(before, next), level);
}

function percentiles(draw: () => number, level: number): Interval {
  const drawn = Array.from({ length: RESAMPLES }, draw).sort((a, b) => a - b);
  const tail = (1 - level) / 2;
  return { low: quantile(drawn, tail), high: quantile(drawn, 1 - tail) };
}

function resampled(cells: readonly (readonly number[])[], next: () => number): number {
  let sum = 0;
  for (const values of cells) sum += resampledMean(values, next);
  return sum / cells.length;
}

function resampledMean(values: readonly number[], next: () => number): number {
  const count = values.length;
  let sum = 0;
  for (let left = count; left > 0; left -= 1) sum += values[Math.floor(next() * count)]!;
  return sum / count;
}

/** Between the two nearest of the sorted values, as numpy's default does. */
function quantile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
  return below + (above - below) * (place - Math.floor(place));
}

/** Uniform in [0, 1): mulberry32, which is quick enough for a million draws and always begins alike. */
function generator(): () => number {
  let state = 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
