/** What the seeds of an arm come to together, and how far self-play gets towards the ceiling. */
import { mean } from '../../server/src/statistics/cells.ts';
import { ARMS } from './arms.ts';
import { partOf, type RecordedResult } from './results.ts';

/** The arm that learns the generator's tasks by cross-entropy alone. */
const CEILING = 'supervised';
const HEADLINE = 'studio';

/** Gains in points, each the mean over the seeds of an arm, with the least and the most of them. */
export interface ArmGains {
  readonly arm: string;
  readonly seeds: number;
  readonly greedy: Spread;
  readonly untaught: Spread;
  readonly taught: Spread;
  readonly passK: Spread;
}

export interface Spread {
  readonly mean: number;
  readonly least: number;
  readonly most: number;
}

/** One row per arm that has results, in the order of {@link ARMS}. */
export function armGains(results: readonly RecordedResult[]): ArmGains[] {
  return ARMS.flatMap(({ name }) => {
    const ofArm = results.filter(({ arm }) => arm === name);
    if (ofArm.length === 0) return [];
    const spread = (gainOf: (result: RecordedResult) => number) => spreadOf(ofArm.map(gainOf));
    return {
      ...{ arm: name, seeds: ofArm.length },
      greedy: spread(({ report }) => gain(report.greedy)),
      untaught: spread((result) => stratumGain(result, 'untaught')),
      taught: spread((result) => stratumGain(result, 'taught')),
      passK: spread(({ report }) => gain(report.sampled?.passK)),
    };
  });
}

/**
 * Mean greedy gain of self-play divided by that of supervised training on the generator's tasks; undefined
 * where one of them was not measured, or the ceiling is not above the ground.
 */
export function shareOfCeiling(gains: readonly ArmGains[]): number | undefined {
  const of = (name: string) => gains.find(({ arm }) => arm === name)?.greedy.mean;
  const [reached, ceiling] = [of(HEADLINE), of(CEILING)];
  if (reached === undefined || ceiling === undefined || ceiling <= 0) return undefined;
  return reached / ceiling;
}

function spreadOf(values: readonly number[]): Spread {
  return {
    mean: mean(values),
    least: Math.min(...values),
    most: Math.max(...values),
  };
}

function stratumGain(result: RecordedResult, stratum: string): number {
  return gain(partOf(result, stratum)?.greedy);
}

/** NaN of what was not measured. */
function gain(change: { readonly before: number; readonly after: number } | undefined): number {
  return change === undefined ? NaN : change.after - change.before;
}
