/**
 * How far the numerics of sampling are from those of training, and what corrects for it. Kernels,
 * batch shapes and numeric types differ, so that both give one policy slightly different
 * probabilities; uncorrected, training is off-policy without knowing it (Yao et al. 2025).
 */
import type { PolicyLoss, TrainingDatum } from '../../../protocol/engine.ts';

/** Over all tokens, d being log π_trainer − log π_sampler of one that was sampled. */
interface SamplerGap {
  /** Mean of |d|. */
  readonly mean: number;
  /** Largest |d|. */
  readonly maximum: number;
  /** Share of tokens with exp(d) above the cap. */
  readonly truncated: number;
}

/** @param trainer per datum, the trainer's log-probability of each completion token */
export function measureGap(
  data: readonly TrainingDatum[],
  trainer: readonly (readonly number[])[],
  cap: number,
): SamplerGap | undefined {
  const differences = data.flatMap(({ logProbabilities }, index) =>
    logProbabilities.map((sampled, token) => trainer[index]![token]! - sampled),
  );
  if (differences.length === 0) return undefined;
  let sum = 0;
  let maximum = 0;
  let truncated = 0;
  for (const difference of differences) {
    sum += Math.abs(difference);
    maximum = Math.max(maximum, Math.abs(difference));
    if (Math.exp(difference) > cap) truncated += 1;
  }
  return { mean: sum / differences.length, maximum, truncated: truncated / differences.length };
}

/**
 * Truncated importance sampling: each token's advantage is multiplied by
 * min(π_trainer / π_sampler, cap), and the ratio of the loss is taken against the trainer's own
 * log-probabilities.
 * @param trainer the trainer's log-probability of each completion token
 */
export function truncateImportance(
  datum: TrainingDatum,
  trainer: readonly number[],
  cap: number,
): TrainingDatum {
  return {
    ...datum,
    logProbabilities: trainer,
    advantages: datum.advantages.map((advantage, token) => {
      const gap = trainer[token]! - datum.logProbabilities[token]!;
      return advantage * Math.min(Math.exp(gap), cap);
    }),
  };
}

/**
 * Truncated importance sampling without a pass for scoring: the gradient of `cispo` is
 * −min(π_θ / π_sampler, cap) · A · ∇ log π_θ. In the first update after sampling π_θ is π_trainer, so
 * this is the gradient of `loss` on data from `truncateImportance`, whose own ratio is then 1 and
 * within its clip.
 */
export function truncatedLoss(loss: PolicyLoss, cap: number): PolicyLoss {
  // Bounds are distances from 1: 0 and `cap`.
  return { ...loss, kind: 'cispo', clipLow: 1, clipHigh: cap - 1 };
}
