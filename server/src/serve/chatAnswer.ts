/** Answers of /v1/chat/completions in OpenAI's form. */
import type { AnswerToken, Choice } from './answers.ts';
import type { AnswerFrame } from './answerFrame.ts';

export function chatAnswer(
  { id, created, model, usage }: AnswerFrame,
  choices: readonly Choice[],
  hasLogProbabilities: boolean,
): object {
  return {
    ...{ id, object: 'chat.completion', created, model, usage },
    choices: choices.map(({ text, finishReason, tokens }, index) => ({
      index,
      message: { role: 'assistant', content: text, refusal: null },
      finish_reason: finishReason,
      logprobs: hasLogProbabilities ? logProbabilities(tokens) : null,
    })),
  };
}

/** Of each choice its role, its whole text and its end: the engine samples whole completions. */
export function chatEvents(
  { id, created, model, usage, streamsUsage }: AnswerFrame,
  choices: readonly Choice[],
  hasLogProbabilities: boolean,
): object[] {
  const event = { id, object: 'chat.completion.chunk', created, model };
  const delta = (index: number, content: object, others: object = {}): object => ({
    ...event,
    choices: [{ index, delta: content, finish_reason: null, ...others }],
  });
  return [
    ...choices.flatMap(({ text, finishReason, tokens }, index) => [
      delta(index, { role: 'assistant', content: '' }),
      delta(
        index,
        { content: text },
        hasLogProbabilities ? { logprobs: logProbabilities(tokens) } : {},
      ),
      delta(index, {}, { finish_reason: finishReason }),
    ]),
    ...(streamsUsage ? [{ ...event, choices: [], usage }] : []),
  ];
}

function logProbabilities(tokens: readonly AnswerToken[]): object {
  return {
    content: tokens.map(({ text, logProbability, top }) => ({
      ...entry(text, logProbability),
      top_logprobs: top === undefined ? [] : [entry(top.text, top.logProbability)],
    })),
    refusal: null,
  };
}

function entry(text: string, logProbability: number | undefined): object {
  return { token: text, logprob: logProbability ?? null, bytes: [...Buffer.from(text, 'utf8')] };
}
