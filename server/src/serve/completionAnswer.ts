/** Answers of /v1/completions in OpenAI's form. */
import type { AnswerToken, Choice } from './answers.ts';
import type { AnswerFrame } from './answerFrame.ts';

/** @param tokens those of an echoed prompt and of the completion; undefined where none are wanted */
export function completionChoice(
  { text, finishReason }: Omit<Choice, 'tokens'>,
  index: number,
  tokens: readonly AnswerToken[] | undefined,
): object {
  return {
    text,
    index,
    finish_reason: finishReason,
    logprobs: tokens ? logProbabilities(tokens) : null,
  };
}

export function completionAnswer(frame: AnswerFrame, choices: readonly object[]): object {
  const { id, created, model, usage } = frame;
  return { id, object: 'text_completion', created, model, choices, usage };
}

/** Each choice as one event: the engine samples whole completions. */
export function completionEvents(frame: AnswerFrame, choices: readonly object[]): object[] {
  const { id, created, model, usage, streamsUsage } = frame;
  const event = { id, object: 'text_completion', created, model };
  return [
    ...choices.map((choice) => ({ ...event, choices: [choice] })),
    ...(streamsUsage ? [{ ...event, choices: [], usage }] : []),
  ];
}

/** The legacy form: parallel lists, and offsets into the text. */
function logProbabilities(tokens: readonly AnswerToken[]): object {
  let offset = 0;
  const offsets = tokens.map(({ text }) => {
    const begins = offset;
    offset += text.length;
    return begins;
  });
  return {
    tokens: tokens.map(({ text }) => text),
    token_logprobs: tokens.map(({ logProbability }) => logProbability ?? null),
    top_logprobs: tokens.map(topOf),
    text_offset: offsets,
  };
}

/** The token itself and the most probable one: a list of two that may be the same. */
function topOf({ text, logProbability, top }: AnswerToken): Record<string, number> | null {
  if (logProbability === undefined || top === undefined) return null;
  return { [text]: logProbability, [top.text]: top.logProbability };
}
