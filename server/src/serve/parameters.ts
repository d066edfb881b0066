/**
 * The parameters that both kinds of requests share. One that would change the answer, and that the
 * engine cannot follow, is refused by its name: an evaluation must not measure something else than it
 * asked for.
 */
import { RefusedRequest } from './refusedRequest.ts';
import { type RequestFields, wrongParameter } from './requestFields.ts';

/** As many as OpenAI's API has at most. */
const MOST_CHOICES = 128;
/** lm-evaluation-harness sends every stop text of a task. */
const MOST_STOPS = 64;
const MOST_STOP_CHARACTERS = 1_000;
const HIGHEST_TEMPERATURE = 2;
const MOST_TOKENS = 2 ** 20;

export interface SharedParameters {
  /** How many answers to each prompt. */
  readonly choices: number;
  readonly temperature: number;
  /** Undefined where the answers may differ each time. */
  readonly seed: number | undefined;
  /** An answer ends before the first of them. */
  readonly stops: readonly string[];
  readonly stream: boolean;
  /** Whether a stream ends with the numbers of tokens. */
  readonly streamsUsage: boolean;
}

export const SHARED_NAMES = [
  'model',
  'n',
  'temperature',
  'seed',
  'stop',
  'stream',
  'stream_options',
];

/** What such parameters are where they ask for nothing. */
const NEUTRAL: Readonly<Record<string, (value: unknown, isGreedy: boolean) => boolean>> = {
  // The most probable token is never cut off, and at temperature 0 no other is taken.
  top_p: (value, isGreedy) => value === 1 || isGreedy,
  top_k: (value, isGreedy) => value === -1 || value === 0 || isGreedy,
  min_p: (value, isGreedy) => value === 0 || isGreedy,
  presence_penalty: (value) => value === 0,
  frequency_penalty: (value) => value === 0,
  repetition_penalty: (value) => value === 1,
  best_of: (value) => value === 1,
  suffix: (value) => value === '',
  logit_bias: (value) => isEmpty(value),
  tools: (value) => isEmpty(value),
  functions: (value) => isEmpty(value),
  tool_choice: (value) => value === 'none' || value === 'auto',
  function_call: (value) => value === 'none' || value === 'auto',
  response_format: (value) => isTextFormat(value),
  modalities: (value) => Array.isArray(value) && value.join() === 'text',
  reasoning_effort: (value) => value === 'none',
};

/** They say who asks or how to bill and cache, and change no answer. */
const IGNORED = [
  ...['user', 'metadata', 'store', 'service_tier', 'safety_identifier', 'parallel_tool_calls'],
  ...['prompt_cache_key', 'prompt_cache_retention', 'prediction'],
];

/** Throws RefusedRequest for a parameter that is neither in `known` nor asks for nothing. */
export function refuseUnsupported(fields: RequestFields, known: readonly string[]): void {
  const isGreedy = fields.value('temperature') === 0;
  for (const name of fields.names) {
    if (known.includes(name) || IGNORED.includes(name)) continue;
    const isNeutral = Object.hasOwn(NEUTRAL, name) ? NEUTRAL[name] : undefined;
    if (isNeutral?.(fields.value(name), isGreedy) === true) continue;
    throw new RefusedRequest(
      400,
      {
        code: 'unsupported_parameter',
        message:
          isNeutral === undefined
            ? `There is no parameter ${JSON.stringify(name.slice(0, 100))} here.`
            : `"${name}" is not supported with the value that was sent: the answer would be another one than it asks for.`,
        remedy: 'Leave it out; docs/serving.md lists what is supported.',
      },
      name.slice(0, 100),
    );
  }
}

/** Throws RefusedRequest for a wrong value. */
export function readShared(fields: RequestFields): SharedParameters {
  return {
    choices: fields.integer('n', 1, MOST_CHOICES) ?? 1,
    temperature: fields.number('temperature', 0, HIGHEST_TEMPERATURE) ?? 1,
    seed: fields.integer('seed', 0, Number.MAX_SAFE_INTEGER),
    stops: readStops(fields),
    stream: fields.flag('stream'),
    streamsUsage: readStreamOptions(fields.value('stream_options')),
  };
}

/** How long an answer may be, from the first of `names` that is there; undefined where none is. */
export function readMaximumTokens(
  fields: RequestFields,
  least: number,
  ...names: readonly string[]
): number | undefined {
  return names
    .map((name) => fields.integer(name, least, MOST_TOKENS))
    .find((value) => value !== undefined);
}

/**
 * Throws RefusedRequest for the most probable tokens of answers that were drawn by chance: the engine
 * tells the probability of the token that it drew, which is the most probable one only at temperature 0.
 */
export function refuseTopTokens(name: string, temperature: number): void {
  if (temperature === 0) return;
  throw wrongParameter(
    name,
    'can be 1 only while "temperature" is 0: otherwise the engine tells the probability of the token that it drew, and not of the most probable one; 0 asks for that alone',
  );
}

function readStops(fields: RequestFields): readonly string[] {
  const value = fields.value('stop') ?? [];
  const stops: readonly unknown[] = Array.isArray(value) ? value : [value];
  const areTexts = stops.every(
    (stop): stop is string =>
      typeof stop === 'string' && stop !== '' && stop.length <= MOST_STOP_CHARACTERS,
  );
  if (areTexts && stops.length <= MOST_STOPS) return stops;
  throw wrongParameter(
    'stop',
    `must be a text or a list of at most ${MOST_STOPS} texts, each of 1 to ${MOST_STOP_CHARACTERS} characters`,
  );
}

function readStreamOptions(value: unknown): boolean {
  const { include_usage: isWanted = false } = Object(value ?? {}) as { include_usage?: unknown };
  if (typeof isWanted === 'boolean') return isWanted;
  throw wrongParameter(
    'stream_options',
    'must be an object whose "include_usage" is true or false',
  );
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function isTextFormat(value: unknown): boolean {
  return (Object(value) as { type?: unknown }).type === 'text';
}
