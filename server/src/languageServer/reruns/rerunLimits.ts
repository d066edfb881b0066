/**
 * What a rerun may take. The settings of a run folder are its author's, who may be a stranger; a click on
 * "Run again" says nothing of limits, so that those of the product hold.
 */
import { ProblemError } from '../../../protocol/problem.ts';
import type { RunSettings } from '../../../protocol/settings.ts';
import { SETTINGS } from '../../../protocol/settings.ts';
import type { RerunPlan } from './rerunPlan.ts';

type Limit = 'cpuMs' | 'wallMs' | 'memoryMb' | 'outputCharacters';

/** What the presets allow at most; of sizes four times as much, for runs that found it too little. */
const MOST: Readonly<Record<Limit, number>> = {
  cpuMs: SETTINGS.cpuMs.paper,
  wallMs: SETTINGS.wallMs.paper,
  memoryMb: 4 * SETTINGS.memoryMb.studio,
  outputCharacters: 4 * SETTINGS.outputCharacters.studio,
};

/** No task has more examples, by the range of the setting `inductionInputs`. */
const MOST_INPUTS = 64;
/** How long all executions of a rerun may take together. */
export const RERUN_MS = 120_000;

export interface LimitedSettings {
  readonly settings: RunSettings;
  /** The limits that are others than the run's, as words: `memoryMb 512 (the run: 65536)`. */
  readonly changed: readonly string[];
}

/** `settings` with each limit at most that of the product. */
export function limitedSettings(settings: RunSettings): LimitedSettings {
  const names = Object.keys(MOST) as Limit[];
  const limits = names.map((name) => [name, Math.min(settings[name], MOST[name])] as const);
  return {
    settings: { ...settings, ...Object.fromEntries(limits) },
    changed: limits
      .filter(([name, value]) => value !== settings[name])
      .map(([name, value]) => `${name} ${value} (the run: ${settings[name]})`),
  };
}

/** Throws a ProblemError for more inputs than a task can have. */
export function requireFewInputs({ title, inputs }: RerunPlan): void {
  if (inputs.length <= MOST_INPUTS) return;
  throw new ProblemError({
    code: 'too-many-inputs',
    message: `There are ${inputs.length} inputs in ${title}; at most ${MOST_INPUTS} are run again at a time.`,
    remedy: 'Open it as a scratch file and leave only the inputs that matter.',
  });
}

/** What is told when a rerun took longer than {@link RERUN_MS}. */
export function rerunTooLong({ title }: RerunPlan): ProblemError {
  return new ProblemError({
    code: 'rerun-too-long',
    message: `Running ${title} again took more than ${RERUN_MS / 1000} s, and was stopped.`,
    remedy: 'Run it fewer times, or open it as a scratch file and leave out inputs.',
  });
}
