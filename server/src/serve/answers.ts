/** From the tokens of prompts and completions to the texts and numbers that answers of both kinds have. */
import type { Completion, ServedEngine, TokenScore } from '../../protocol/engine.ts';
import { numberedToken } from '../engine/tokenizer/tokenTexts.mjs';

/** A token of an answer. */
export interface AnswerToken {
  /** What it adds to the text; nothing for a special token. */
  readonly text: string;
  /** Undefined for the first token of an echoed prompt, which nothing predicts. */
  readonly logProbability: number | undefined;
  /** The most probable token at its place, where that is wanted and known. */
  readonly top?: { readonly text: string; readonly logProbability: number };
}

export interface Choice {
  readonly text: string;
  readonly finishReason: 'stop' | 'length';
  /** Empty where log-probabilities are not wanted. */
  readonly tokens: readonly AnswerToken[];
}

type Decoder = Pick<ServedEngine, 'decode' | 'tokenTexts'>;

export interface ChoiceOptions {
  readonly stops: readonly string[];
  readonly topTokens: number | undefined;
}

/**
 * The text of a completion up to the first of the stop texts. Its end token has a place among the tokens,
 * and no text. At temperature 0, the only one with `topTokens`, each token is the most probable one.
 */
export async function choiceOf(
  decoder: Decoder,
  completion: Completion,
  { stops, topTokens }: ChoiceOptions,
): Promise<Choice> {
  const { tokens, logProbabilities, stopReason } = completion;
  const said = stopReason === 'stop' ? tokens.slice(0, -1) : tokens;
  const whole = await decoder.decode(said);
  const end = firstStop(whole, stops);
  const text = whole.slice(0, end);
  const finishReason = end === undefined ? stopReason : 'stop';
  if (topTokens === undefined) return { text, finishReason, tokens: [] };
  const texts = await textsOf(decoder, said);
  const answered = tokens.map((_, place): AnswerToken => {
    const own = { text: texts[place] ?? '', logProbability: logProbabilities[place]! };
    return topTokens === 0 ? own : { ...own, top: own };
  });
  return { text, finishReason, tokens: end === undefined ? answered : upTo(answered, end) };
}

/** Tokens of an echoed prompt, with the scores of all but the first. */
export async function echoedTokens(
  decoder: Decoder,
  tokens: readonly number[],
  scores: readonly TokenScore[],
  topTokens: number,
): Promise<AnswerToken[]> {
  const texts = await textsOf(decoder, tokens);
  const tops = await Promise.all(
    scores.map(async ({ topToken }, place) =>
      // Decoded by itself, a token may lose the space that it begins with.
      topToken === tokens[place + 1] ? texts[place + 1]! : decoder.decode([topToken]),
    ),
  );
  return texts.map((text, place): AnswerToken => {
    const score = scores[place - 1];
    if (score === undefined) return { text, logProbability: undefined };
    const own = { text, logProbability: score.logProbability };
    if (topTokens === 0) return own;
    return { ...own, top: { text: tops[place - 1]!, logProbability: score.topLogProbability } };
  });
}

/** Where the first of `stops` begins in `text`; undefined where none of them is in it. */
export function firstStop(text: string, stops: readonly string[]): number | undefined {
  const places = stops.map((stop) => text.indexOf(stop)).filter((place) => place >= 0);
  return places.length === 0 ? undefined : Math.min(...places);
}

/** The tokens whose text begins within the first `end` characters. */
function upTo(tokens: readonly AnswerToken[], end: number): AnswerToken[] {
  let length = 0;
  return tokens.filter(({ text }) => {
    const begins = length;
    length += text.length;
    return begins < end;
  });
}

async function textsOf(decoder: Decoder, tokens: readonly number[]): Promise<string[]> {
  const texts = await decoder.tokenTexts(tokens);
  return texts.map((text, place) => (text === numberedToken(tokens[place]!) ? '' : text));
}
