/** Requests to /v1/completions. */
import {
  readMaximumTokens,
  readShared,
  refuseTopTokens,
  refuseUnsupported,
  SHARED_NAMES,
  type SharedParameters,
} from './parameters.ts';
import { type RequestFields, wrongParameter } from './requestFields.ts';

/** As in OpenAI's API. */
const DEFAULT_TOKENS = 16;
const MOST_PROMPTS = 512;
/** Of all answers of a request. */
const MOST_CHOICES = 1_024;
/** Of one prompt: the tokenizer works on it within its limit of time. */
export const MOST_PROMPT_CHARACTERS = 1_000_000;

export type CompletionPrompt = string | readonly number[];

export interface CompletionRequest extends SharedParameters {
  readonly prompts: readonly CompletionPrompt[];
  readonly maximumTokens: number;
  /** Whether the answers repeat their prompts. */
  readonly echo: boolean;
  /** How many of the most probable tokens are wanted at each place; undefined without log-probabilities. */
  readonly topTokens: number | undefined;
}

const NAMES = [...SHARED_NAMES, 'prompt', 'max_tokens', 'echo', 'logprobs'];

/** Throws RefusedRequest for what cannot be answered as it is asked. */
export function readCompletionRequest(fields: RequestFields): CompletionRequest {
  refuseUnsupported(fields, NAMES);
  const shared = readShared(fields);
  const echo = fields.flag('echo');
  const prompts = readPrompts(fields.value('prompt'));
  if (prompts.length * shared.choices > MOST_CHOICES) {
    throw wrongParameter('n', `asks for more than ${MOST_CHOICES} answers in one request`);
  }
  const topTokens = fields.integer('logprobs', 0, 1);
  if (topTokens === 1) refuseTopTokens('logprobs', shared.temperature);
  return {
    ...shared,
    prompts,
    echo,
    topTokens,
    maximumTokens: readMaximumTokens(fields, echo ? 0 : 1, 'max_tokens') ?? DEFAULT_TOKENS,
  };
}

/** A text, several, the tokens of one, or those of several. */
function readPrompts(value: unknown): CompletionPrompt[] {
  const list = Array.isArray(value) && value.length > 0 ? (value as unknown[]) : [value];
  const prompts: unknown[] = typeof list[0] === 'number' ? [list] : list;
  if (!prompts.every(isPrompt)) {
    throw wrongParameter(
      'prompt',
      `must be a text of at most ${MOST_PROMPT_CHARACTERS} characters, a list of tokens, or a list of such prompts, none of them empty`,
    );
  }
  if (prompts.length <= MOST_PROMPTS) return prompts;
  throw wrongParameter('prompt', `must hold at most ${MOST_PROMPTS} prompts`);
}

function isPrompt(value: unknown): value is CompletionPrompt {
  if (typeof value === 'string') return value !== '' && value.length <= MOST_PROMPT_CHARACTERS;
  return Array.isArray(value) && value.length > 0 && value.every(isToken);
}

function isToken(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
