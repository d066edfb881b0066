/**
 * Does the curriculum grow? Said from how often the model that the run began with solves the new tasks
 * of later and later steps.
 */
import { percentText } from '../ui/numberText.ts';
import { mean } from './trend.ts';

/** Fewer measurements than this cannot show a trend: four that all fall come by chance once in twelve times. */
const FEWEST = 5;
/** A trend that chance gives more often than this is none. */
const MOST_P = 0.05;
/** Nor is a change smaller than this one, however sure: in solve rate, so 5 points. */
const LEAST_CHANGE = 0.05;

export interface CurriculumTrend {
  readonly verdict: 'unknown' | 'harder' | 'easier' | 'level' | 'unclear';
  readonly sentence: string;
}

/**
 * Compares the last third of the measurements with the first, and asks Mann and Kendall whether there is
 * a trend at all.
 * @param startSolveRates in the order of steps; null where it was not measured
 */
export function curriculumTrend(startSolveRates: readonly (number | null)[]): CurriculumTrend {
  const rates = startSolveRates.filter((rate) => rate !== null);
  if (rates.length < FEWEST) {
    const times = rates.length === 1 ? 'once' : `${String(rates.length)} times`;
    return {
      verdict: 'unknown',
      sentence: `Not known yet: the model at the start was asked ${times}; ${String(FEWEST)} are needed.`,
    };
  }
  const third = Math.floor(rates.length / 3);
  const [early, late] = [mean(rates.slice(0, third)), mean(rates.slice(-third))];
  const p = trendChance(rates);
  const compared = `the model at the start solves ${percentText(late)} of the latest and ${percentText(early)} of the first`;
  const chance = `(Mann–Kendall, p ${p < 0.001 ? '< 0.001' : `= ${String(Number(p.toPrecision(2)))}`})`;
  if (Math.abs(late - early) < LEAST_CHANGE) {
    return {
      verdict: 'level',
      sentence: `New tasks are as hard as before: ${compared}. They are different tasks, not harder ones.`,
    };
  }
  if (p >= MOST_P) {
    return { verdict: 'unclear', sentence: `Unclear: ${compared}, which may be chance ${chance}.` };
  }
  const verdict = late < early ? 'harder' : 'easier';
  return { verdict, sentence: `New tasks get ${verdict}: ${compared} ${chance}.` };
}

/**
 * How likely chance alone gives at least so clear a rise or fall: the two-sided p of the Mann–Kendall
 * test, by its normal approximation with ties and continuity corrected for.
 */
export function trendChance(values: readonly number[]): number {
  const count = values.length;
  let score = 0;
  for (const [index, value] of values.entries()) {
    for (const later of values.slice(index + 1)) score += Math.sign(later - value);
  }
  const ties = new Map<number, number>();
  for (const value of values) ties.set(value, (ties.get(value) ?? 0) + 1);
  const spread = (size: number) => size * (size - 1) * (2 * size + 5);
  const tied = [...ties.values()].reduce((sum, size) => sum + spread(size), 0);
  const variance = (spread(count) - tied) / 18;
  if (variance <= 0 || score === 0) return 1;
  return bothTails((Math.abs(score) - 1) / Math.sqrt(variance));
}

/** Chance that a normal variable is at least `z` from 0; by Abramowitz and Stegun 7.1.26, to 2e-7. */
function bothTails(z: number): number {
  const t = 1 / (1 + (0.3275911 * z) / Math.SQRT2);
  const factors = [0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429];
  const sum = factors.reduceRight((rest, factor) => t * (factor + rest), 0);
  return Math.min(1, sum * Math.exp((-z * z) / 2));
}
