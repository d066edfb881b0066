/** What `npm run learn` is asked for, read from its arguments. */
import { ProblemError } from '../../server/protocol/problem.ts';
import { parseArgs } from 'node:util';

import { EMBEDDED_MODEL } from '../../server/src/machine/models/modelFolder.ts';
import type { LargerHeldOutRequest } from './largerHeldOut.ts';
import { isLargerModel, LARGER_MODEL_MINUTES, recipeOf, stepsWithin } from './largerModel.ts';

const HEADLINE = { arm: 'studio', seeds: ['1', '2', '3'] };
/** About a quarter of an hour on two cores. */
const STEPS = 240;
/** A quarter of the embedded model's, so that measuring takes a small part of a quarter of an hour. */
const PROBE_TASKS = '360';
const CRUXEVAL_ITEMS = '100';

const OPTIONS = {
  arm: { type: 'string', default: HEADLINE.arm },
  seed: { type: 'string', multiple: true },
  steps: { type: 'string' },
  set: { type: 'string', multiple: true },
  table: { type: 'string', default: 'headline' },
  report: { type: 'boolean', default: false },
  short: { type: 'boolean', default: false },
  dry: { type: 'boolean', default: false },
  model: { type: 'string', default: EMBEDDED_MODEL },
  minutes: { type: 'string' },
  cruxeval: { type: 'string' },
  'cruxeval-items': { type: 'string', default: CRUXEVAL_ITEMS },
  'probe-tasks': { type: 'string', default: PROBE_TASKS },
} as const;

/** Options that mean nothing for the embedded model, whose held-out set and pace are known. */
const OF_LARGER_MODELS = ['minutes', 'cruxeval'] as const;

export interface LearnRequest {
  readonly kind: 'runs' | 'short' | 'report';
  readonly arm: string;
  readonly seeds: readonly number[];
  readonly steps: number;
  /** Settings on top of the arm's, as `name=value`, a larger model's own among them. */
  readonly settings: readonly string[];
  readonly table: string;
  /** Whether results are only shown, not kept. */
  readonly isDry: boolean;
  /** Present for another model than the embedded one. */
  readonly larger?: LargerHeldOutRequest;
}

/** Throws ProblemError, or what `parseArgs` throws. */
export function parseLearnArguments(argumentList: readonly string[]): LearnRequest {
  const { values } = parseArgs({ args: [...argumentList], options: OPTIONS });
  const { arm, table, model, dry: isDry } = values;
  const isLarger = isLargerModel(model);
  for (const name of OF_LARGER_MODELS) {
    if (values[name] === undefined || isLarger) continue;
    throw new ProblemError({
      code: 'usage',
      message: `--${name} is for a larger model than ${EMBEDDED_MODEL}.`,
      remedy: 'Name one, for example: --model smollm2-135m',
    });
  }
  if (values.set?.some((setting) => setting.startsWith('model='))) {
    throw new ProblemError({
      code: 'usage',
      message: '--set does not take the model.',
      remedy: 'Name it with --model.',
    });
  }
  // One run fills a quarter of an hour on a GPU; three seeds are asked for.
  const seeds = values.seed ?? (isLarger ? ['1'] : HEADLINE.seeds);
  return {
    kind: values.report ? 'report' : values.short ? 'short' : 'runs',
    ...{ arm, table, isDry },
    seeds: seeds.map((seed) => wholeNumber('seed', seed, 0)),
    steps: stepsOf(values, isLarger),
    settings: [...(isLarger ? recipeOf(model) : []), ...(values.set ?? [])],
    ...(isLarger && { larger: largerOf(model, values) }),
  };
}

function largerOf(
  model: string,
  values: {
    readonly cruxeval?: string | undefined;
    readonly 'cruxeval-items': string;
    readonly 'probe-tasks': string;
  },
): LargerHeldOutRequest {
  const { cruxeval: file } = values;
  const items = wholeNumber('cruxeval-items', values['cruxeval-items'], 1);
  const probeTasks = wholeNumber('probe-tasks', values['probe-tasks'], 0);
  if (probeTasks === 0 && file === undefined) {
    throw new ProblemError({
      code: 'usage',
      message: 'Nothing is left to measure.',
      remedy: 'Give --cruxeval a file, or more tasks.',
    });
  }
  return {
    ...{ model, probeTasks },
    ...(file !== undefined && { cruxeval: { file, items } }),
  };
}

function stepsOf(
  {
    steps,
    minutes,
  }: { readonly steps?: string | undefined; readonly minutes?: string | undefined },
  isLarger: boolean,
): number {
  if (steps !== undefined && minutes !== undefined) {
    throw new ProblemError({
      code: 'usage',
      message: '--steps and --minutes both say how long.',
      remedy: 'Leave one of them out.',
    });
  }
  if (steps !== undefined) return wholeNumber('steps', steps, 1);
  if (!isLarger) return STEPS;
  return stepsWithin(
    minutes === undefined ? LARGER_MODEL_MINUTES : wholeNumber('minutes', minutes, 1),
  );
}

function wholeNumber(option: string, text: string, least: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  throw new ProblemError({
    code: 'usage',
    message: `--${option} takes a whole number, not "${text}".`,
    remedy: `It is at least ${String(least)}.`,
  });
}
