/**
 * Completions as long as those of a large model, for a generated run: prose over the project's own
 * documents, made by a Markov chain, with tokens and log-probabilities of plausible sizes.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import type { RolloutRecord, StepRecord } from '../../server/protocol/records.ts';

const ROOT = path.join(import.meta.dirname, '..', '..');
const VOCABULARY = 49_152;
/** Instructions that every prompt of a role and mode begins with. */
const INSTRUCTION_WORDS = 250;

type Random = () => number;

/** Gives `steps` prompts of about 300 words and completions of 200 to 1,000. */
export function* withLongCompletions(
  steps: Iterable<StepRecord>,
  random: Random,
): Generator<StepRecord, void, undefined> {
  const chain = new WordChain(sourceWords());
  const instructions = new Map<string, string>();
  for (const step of steps) {
    const prompts = new Map<number, string>();
    yield {
      ...step,
      rollouts: step.rollouts.map((rollout) => {
        const kind = `${rollout.role} ${rollout.mode}`;
        const instruction = instructions.get(kind) ?? chain.text(INSTRUCTION_WORDS, random);
        instructions.set(kind, instruction);
        const prompt = prompts.get(rollout.group) ?? `${instruction}\n${chain.text(50, random)}\n`;
        prompts.set(rollout.group, prompt);
        return longRollout(rollout, prompt, chain, random);
      }),
    };
  }
}

function longRollout(
  rollout: RolloutRecord,
  prompt: string,
  chain: WordChain,
  random: Random,
): RolloutRecord {
  const words = 200 + Math.floor(random() * 800);
  const completion = `${chain.text(words, random)}\n${rollout.completion}`;
  const tokens = tokensOf(completion);
  return {
    ...rollout,
    ...{ prompt, promptTokens: tokensOf(prompt), completion, tokens },
    logProbabilities: tokens.map(() => Math.fround(logProbability(random))),
  };
}

/** Most tokens are nearly certain, as a trained model's are. */
function logProbability(random: Random): number {
  return random() < 0.7 ? -(random() ** 6) : Math.log(1 - random());
}

/** Pieces of at most five letters, each with a number of its own. */
function tokensOf(text: string): number[] {
  return [...text.matchAll(/\s?\p{L}{1,5}|\s?\d|\s?[^\s\p{L}\d]|\s/gu)].map(([piece]) => {
    let hash = 7;
    for (const character of piece) hash = (Math.imul(hash, 31) + character.charCodeAt(0)) >>> 0;
    return hash % VOCABULARY;
  });
}

function sourceWords(): string[] {
  const files = readdirSync(path.join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => path.join(ROOT, 'docs', name));
  const texts = [path.join(ROOT, 'README.md'), ...files].map((file) => readFileSync(file, 'utf8'));
  return texts.join('\n').split(/(?<=\s)/);
}

/** Which words follow which two. */
class WordChain {
  readonly #words: readonly string[];
  readonly #followers = new Map<string, number[]>();

  constructor(words: readonly string[]) {
    this.#words = words;
    for (let index = 2; index < words.length; index += 1) {
      const key = words[index - 2]! + words[index - 1]!;
      const known = this.#followers.get(key);
      if (known === undefined) this.#followers.set(key, [index]);
      else known.push(index);
    }
  }

  text(count: number, random: Random): string {
    const words: string[] = [];
    let [before, last] = this.#anywhere(random);
    while (words.length < count) {
      const next = this.#followers.get(before + last);
      // Now and then something else follows, as two texts never agree for long.
      if (next === undefined || random() < 0.05) [before, last] = this.#anywhere(random);
      else [before, last] = [last, this.#words[next[Math.floor(random() * next.length)]!]!];
      words.push(last);
    }
    return words.join('');
  }

  #anywhere(random: Random): [string, string] {
    const index = Math.floor(random() * (this.#words.length - 1));
    return [this.#words[index]!, this.#words[index + 1]!];
  }
}
