/** What the answers to all requests have around their choices. */
import { randomUUID } from 'node:crypto';

export interface AnswerFrame {
  readonly id: string;
  /** Seconds since 1970. */
  readonly created: number;
  readonly model: string;
  readonly usage: {
    readonly prompt_tokens: number;
    /** All that were sampled, also those after a stop text. */
    readonly completion_tokens: number;
    readonly total_tokens: number;
  };
  readonly streamsUsage: boolean;
}

export function answerFrame(
  prefix: 'cmpl' | 'chatcmpl',
  model: string,
  promptTokens: number,
  completionTokens: number,
  streamsUsage: boolean,
): AnswerFrame {
  return {
    id: `${prefix}-${randomUUID()}`,
    created: Math.floor(Date.now() / 1000),
    model,
    usage: {
      prompt_tokens: promptTokens,
      completion_tokens: completionTokens,
      total_tokens: promptTokens + completionTokens,
    },
    streamsUsage,
  };
}
