/** Axes that start at 0 and end at a round number. */

const ROUND = [1, 2, 2.5, 5, 10];

/** The next number of the form 1, 2, 2.5, 5 or 10 times a power of ten. */
export function roundCeiling(value: number): number {
  if (!Number.isFinite(value) || value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = ROUND.find((candidate) => candidate * power >= value * (1 - 1e-9)) ?? 10;
  return Number((factor * power).toPrecision(12));
}

/** Distances between ticks of steps and of tokens: whole and round. */
export const STEP_TICKS: readonly number[] = Array.from(
  { length: 13 },
  (_, power) => 10 ** power,
).flatMap((power) => [power, 2 * power, 5 * power]);
