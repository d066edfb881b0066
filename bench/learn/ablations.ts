/** The table of what was tried: single changes and all together, each over several seeds. */
import type { TrialResult } from './trial.ts';

export interface Ablation {
  /** What was changed, in words. */
  readonly name: string;
  readonly settings: readonly string[];
  /** Rise of the held-out mean in [0, 1], one per seed in order of seeds. */
  readonly gains: readonly number[];
  readonly meanGain: number;
  /** Means over the seeds of the shares of the last ten steps. */
  readonly valid: number;
  readonly unique: number;
}

/** Trials of an ablation measure with two answers per held-out task; that is how they are known. */
const MEASUREMENT = ['probeSamples=2', 'checkpointEverySteps=1000'];

/** Groups the trials that were made for the table by the settings they changed, in order of appearance. */
export function ablationsOf(trials: readonly TrialResult[]): Ablation[] {
  const made = trials.filter(({ settings }) => MEASUREMENT.every((one) => settings.includes(one)));
  const keyOf = ({ settings }: TrialResult) => JSON.stringify(changesIn(settings).sort());
  return [...new Set(made.map(keyOf))].map((key) => {
    const same = made
      .filter((trial) => keyOf(trial) === key)
      .sort((left, right) => left.seed - right.seed);
    const gains = same.map(({ curve }) => curve.at(-1)!.mean - curve[0]!.mean);
    return {
      name: same[0]!.name,
      settings: changesIn(same[0]!.settings),
      gains,
      meanGain: mean(gains),
      valid: mean(same.map(({ valid }) => valid)),
      unique: mean(same.map(({ unique }) => unique)),
    };
  });
}

/** Whether a trial is part of the ablations, and so not to be listed by itself. */
export function isAblation({ settings }: TrialResult): boolean {
  return MEASUREMENT.every((one) => settings.includes(one));
}

function changesIn(settings: readonly string[]): string[] {
  return settings.filter((setting) => !MEASUREMENT.includes(setting));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
