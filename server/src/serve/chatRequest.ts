/** Requests to /v1/chat/completions. */
import type { ChatMessage } from '../engine/tokenizer/tokenizer.ts';
import { MOST_PROMPT_CHARACTERS } from './completionRequest.ts';
import {
  readMaximumTokens,
  readShared,
  refuseTopTokens,
  refuseUnsupported,
  SHARED_NAMES,
  type SharedParameters,
} from './parameters.ts';
import { type RequestFields, wrongParameter } from './requestFields.ts';

export interface ChatRequest extends SharedParameters {
  readonly messages: readonly ChatMessage[];
  /** Undefined for all that the context has room for. */
  readonly maximumTokens: number | undefined;
  /** As in a completion. */
  readonly topTokens: number | undefined;
}

const NAMES = [
  ...SHARED_NAMES,
  ...['messages', 'max_tokens', 'max_completion_tokens', 'logprobs', 'top_logprobs'],
];
const MOST_MESSAGES = 1_024;

/** What chat templates call those who speak; to OpenAI, a developer is who the system was. */
const ROLES: Readonly<Record<string, string>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  assistant: 'assistant',
};

/** Throws RefusedRequest for what cannot be answered as it is asked. */
export function readChatRequest(fields: RequestFields): ChatRequest {
  refuseUnsupported(fields, NAMES);
  const shared = readShared(fields);
  const wantsLogProbabilities = fields.flag('logprobs');
  const topTokens = fields.integer('top_logprobs', 0, 1);
  if (topTokens !== undefined && !wantsLogProbabilities) {
    throw wrongParameter('top_logprobs', 'needs "logprobs" to be true');
  }
  if (topTokens === 1) refuseTopTokens('top_logprobs', shared.temperature);
  return {
    ...shared,
    messages: readMessages(fields.value('messages')),
    maximumTokens: readMaximumTokens(fields, 1, 'max_completion_tokens', 'max_tokens'),
    topTokens: wantsLogProbabilities ? (topTokens ?? 0) : undefined,
  };
}

function readMessages(value: unknown): ChatMessage[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MOST_MESSAGES) {
    throw wrongParameter('messages', `must be a list of 1 to ${MOST_MESSAGES} messages`);
  }
  const messages = value.map((message, index) => readMessage(message, index));
  const characters = messages.reduce((sum, { content }) => sum + content.length, 0);
  if (characters <= MOST_PROMPT_CHARACTERS) return messages;
  throw wrongParameter('messages', `must have at most ${MOST_PROMPT_CHARACTERS} characters`);
}

function readMessage(value: unknown, index: number): ChatMessage {
  const { role, content, ...others } = Object(value) as {
    readonly role?: unknown;
    readonly content?: unknown;
    readonly tool_calls?: unknown;
    readonly function_call?: unknown;
  };
  const name = `messages[${index}]`;
  const known = typeof role === 'string' && Object.hasOwn(ROLES, role) ? ROLES[role] : undefined;
  if (known === undefined) {
    throw wrongParameter(`${name}.role`, `must be one of ${Object.keys(ROLES).join(', ')}`);
  }
  if (Array.isArray(others.tool_calls) ? others.tool_calls.length > 0 : others.tool_calls) {
    throw wrongParameter(`${name}.tool_calls`, 'is not supported');
  }
  if (others.function_call) throw wrongParameter(`${name}.function_call`, 'is not supported');
  return { role: known, content: readContent(content, `${name}.content`) };
}

/** A text, or parts that are texts. */
function readContent(value: unknown, name: string): string {
  if (typeof value === 'string') return value;
  const parts: readonly unknown[] = Array.isArray(value) ? value : [value];
  return parts
    .map((part) => {
      const { type, text } = Object(part) as { readonly type?: unknown; readonly text?: unknown };
      if (type === 'text' && typeof text === 'string') return text;
      throw wrongParameter(name, 'must be a text, or a list of parts of the type "text"');
    })
    .join('');
}
