/** A straight line through measurements, and how far its slope can be trusted. */

export interface Trend {
  readonly slope: number;
  readonly standardError: number;
  readonly count: number;
  /** Change along the line from the first to the last measurement. */
  readonly change: number;
}

/** Ordinary least squares; undefined for fewer than three measurements or a single place. */
export function linearTrend(xs: readonly number[], ys: readonly number[]): Trend | undefined {
  const count = xs.length;
  if (count < 3) return undefined;
  const meanX = mean(xs);
  const meanY = mean(ys);
  let [spread, product] = [0, 0];
  for (const [index, x] of xs.entries()) {
    spread += (x - meanX) ** 2;
    product += (x - meanX) * (ys[index]! - meanY);
  }
  if (spread === 0) return undefined;
  const slope = product / spread;
  let squares = 0;
  for (const [index, x] of xs.entries()) squares += (ys[index]! - meanY - slope * (x - meanX)) ** 2;
  return {
    slope,
    standardError: Math.sqrt(squares / (count - 2) / spread),
    count,
    change: slope * (xs[count - 1]! - xs[0]!),
  };
}

/** Whether the slope is that side of 0 by more than two standard errors. */
export function isRising({ slope, standardError }: Trend): boolean {
  return slope > 2 * standardError;
}

export function isFalling({ slope, standardError }: Trend): boolean {
  return slope < -2 * standardError;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
