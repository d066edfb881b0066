/** Training data as requests of the dialect, none larger than a server takes. */
import type { TrainingDatum } from '../../../protocol/engine.ts';
import type { WireDatum } from './wire.ts';
import { encodedText, floats, integers } from './wire.ts';

/** What a token may take in JSON: two token ids, a log-probability, an advantage and a weight. */
const BYTES_PER_TOKEN = 64;
const BYTES_PER_ENTROPY_WEIGHT = 24;
const BYTES_PER_DATUM = 512;
const DEFAULT_REQUEST_BYTES = 5_000_000;

export interface TrainingBatch {
  readonly data: readonly WireDatum[];
  /** Per datum, where in its arrays the completion begins. */
  readonly completionStarts: readonly number[];
}

/** Batches in the order of the data, each within `maximumBytes` unless one datum alone exceeds it. Throws for one without a prompt: a defect. */
export function trainingBatches(
  data: readonly TrainingDatum[],
  toWire: (datum: TrainingDatum) => WireDatum,
  maximumBytes = DEFAULT_REQUEST_BYTES,
): TrainingBatch[] {
  if (data.some(({ promptTokens }) => promptTokens.length === 0)) {
    throw new Error('A datum to train on has no prompt, so nothing predicts its first token.');
  }
  const parts: TrainingDatum[][] = [];
  let bytes = Infinity;
  for (const datum of data) {
    const tokens = datum.promptTokens.length + datum.completionTokens.length;
    const perToken = BYTES_PER_TOKEN + (datum.entropyWeights ? BYTES_PER_ENTROPY_WEIGHT : 0);
    const own = tokens * perToken + BYTES_PER_DATUM;
    bytes += own;
    if (bytes > maximumBytes) {
      parts.push([]);
      bytes = own;
    }
    parts.at(-1)?.push(datum);
  }
  return parts.map((part) => ({
    data: part.map(toWire),
    completionStarts: part.map(({ promptTokens }) => promptTokens.length - 1),
  }));
}

/** For a policy loss. Shifted by one: target i follows input i; the prompt carries no loss. */
export function policyDatum(datum: TrainingDatum): WireDatum {
  const { tokens, prompt } = shifted(datum);
  return {
    model_input: encodedText(tokens.slice(0, -1)),
    loss_fn_inputs: {
      target_tokens: integers(tokens.slice(1)),
      logprobs: floats([...prompt, ...datum.logProbabilities]),
      advantages: floats([...prompt, ...datum.advantages]),
      ...(datum.entropyWeights && {
        entropy_weights: floats([...prompt, ...datum.entropyWeights]),
      }),
    },
  };
}

/** The same for servers where prompt tokens would weigh as much as the completion's. */
export function weightedPolicyDatum(datum: TrainingDatum): WireDatum {
  const { model_input, loss_fn_inputs } = policyDatum(datum);
  const { weights } = scoringDatum(datum).loss_fn_inputs;
  return { model_input, loss_fn_inputs: { ...loss_fn_inputs, ...(weights && { weights }) } };
}

/** For cross-entropy, each token with its own weight. */
export function crossEntropyDatum(datum: TrainingDatum): WireDatum {
  const { tokens, prompt } = shifted(datum);
  return {
    model_input: encodedText(tokens.slice(0, -1)),
    loss_fn_inputs: {
      target_tokens: integers(tokens.slice(1)),
      weights: floats([...prompt, ...datum.advantages]),
    },
  };
}

/** For log-probabilities alone: cross-entropy that weighs the completion's tokens by 1. */
export function scoringDatum(datum: TrainingDatum): WireDatum {
  return crossEntropyDatum({ ...datum, advantages: datum.completionTokens.map(() => 1) });
}

/** The same with a policy loss, which knows a temperature; its advantages say where scoring begins. */
export function policyScoringDatum(datum: TrainingDatum): WireDatum {
  return policyDatum({ ...datum, advantages: datum.completionTokens.map(() => 1) });
}

function shifted({ promptTokens, completionTokens }: TrainingDatum): {
  readonly tokens: readonly number[];
  readonly prompt: readonly number[];
} {
  const tokens = [...promptTokens, ...completionTokens];
  return { tokens, prompt: new Array<number>(promptTokens.length - 1).fill(0) };
}
