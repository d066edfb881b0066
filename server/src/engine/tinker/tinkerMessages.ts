/** Between the engine's vocabulary and the bodies of the dialect. */
import { ProblemError } from '../../../protocol/problem.ts';
import type {
  AdamParameters,
  Completion,
  SampleRequest,
  SamplingParameters,
  TokenScore,
  TrainingLoss,
} from '../../../protocol/engine.ts';
import { fieldOf, listIn, numbersIn } from './replyChecks.ts';
import type { TrainingBatch } from './trainingBatches.ts';
import type { WireSequence } from './wire.ts';

/** The samples of one request; throws a ProblemError when they are not what was asked for. */
export function completions(
  request: SampleRequest,
  sequences: readonly WireSequence[],
): Completion[] {
  const complete =
    sequences.length === request.samples &&
    sequences.every(({ tokens, logprobs }) => tokens.length === logprobs.length);
  if (!complete) {
    throw new ProblemError({
      code: 'engine_protocol',
      message: `The engine returned ${sequences.length} samples where ${request.samples} were asked for, or samples without log-probabilities.`,
      remedy: 'Use a server that speaks the dialect of server/engine/README.md.',
    });
  }
  return sequences.map(({ tokens, logprobs, stop_reason }) => ({
    tokens,
    logProbabilities: logprobs,
    stopReason: stop_reason,
  }));
}

/** Trainer log-probabilities of the completions' tokens, per datum. */
export function completionLogProbabilities(reply: unknown, batch: TrainingBatch): number[][] {
  const outputs = listIn(reply, 'loss_fn_outputs');
  return batch.completionStarts.map((start, index) => {
    const values = numbersIn(fieldOf(outputs[index], 'logprobs'), 'data');
    if (values.length === batch.data[index]?.loss_fn_inputs.target_tokens.data.length) {
      return values.slice(start);
    }
    throw new ProblemError({
      code: 'engine_protocol',
      message: 'The engine returned training outputs without a log-probability for every token.',
      remedy: 'Use a server that speaks the dialect of server/engine/README.md.',
    });
  });
}

/** Scores of the completions' tokens, per datum, where the request asked for the most probable tokens. */
export function completionScores(reply: unknown, batch: TrainingBatch): TokenScore[][] {
  const outputs = listIn(reply, 'loss_fn_outputs');
  return completionLogProbabilities(reply, batch).map((values, index) => {
    const tokens = numbersIn(fieldOf(outputs[index], 'top_tokens'), 'data');
    const tops = numbersIn(fieldOf(outputs[index], 'top_logprobs'), 'data');
    if (tokens.length === values.length && tops.length === values.length) {
      return values.map((logProbability, place) => ({
        logProbability,
        topToken: tokens[place]!,
        topLogProbability: tops[place]!,
      }));
    }
    throw new ProblemError({
      code: 'engine_protocol',
      message: 'The engine did not name the most probable token at every place.',
      remedy: 'Use a server that speaks the dialect of server/engine/README.md.',
    });
  });
}

/**
 * Tokens are sampled from the whole distribution: `top_p` is 1 on every server that is not told otherwise.
 * `endTokens`: for a server that has to be told where to stop.
 */
export function wireSampling(
  { temperature, maximumTokens, seed }: SamplingParameters,
  endTokens: readonly number[] = [],
): object {
  const stop = endTokens.length > 0 && { stop: endTokens };
  return { temperature, max_tokens: maximumTokens, seed, ...stop };
}

/** The dialect's thresholds bound the ratio itself; ours are distances from 1. Never left to defaults. */
export function lossSettings(loss: TrainingLoss): Readonly<Record<string, number>> {
  if (loss.kind === 'cross_entropy') return {};
  const { temperature = 1, entropyCoefficient = 0 } = loss;
  return {
    ...(loss.kind !== 'importance_sampling' && {
      clip_low_threshold: 1 - loss.clipLow,
      clip_high_threshold: 1 + loss.clipHigh,
    }),
    // Ours, and sent only where asked for: others refuse what they do not know.
    ...(temperature !== 1 && { temperature }),
    ...(entropyCoefficient > 0 && { entropy_coefficient: entropyCoefficient }),
  };
}

export function wireAdam(adam: AdamParameters): object {
  const { averageDecay = 0, optimizer = 'adamw' } = adam;
  return {
    learning_rate: adam.learningRate,
    beta1: adam.beta1,
    beta2: adam.beta2,
    eps: adam.epsilon,
    weight_decay: adam.weightDecay,
    grad_clip_norm: adam.gradientClipNorm,
    // Ours, and sent only where asked for.
    ...(averageDecay > 0 && { average_decay: averageDecay }),
    ...(optimizer !== 'adamw' && { optimizer }),
  };
}
