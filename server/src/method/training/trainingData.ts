/** A step's rewarded rollouts as mini-batches and as weighted tokens: paper section 3.3.5, eq. 9. */
import type { TrainingDatum } from '../../../protocol/engine.ts';
import type { RunSettings } from '../../../protocol/settings.ts';
import type { RolloutDraft } from '../ledger.ts';
import { RandomStream } from '../randomStream.ts';

/** Whole groups in random order, in `updatesPerStep` parts of about the same number of groups. */
export function miniBatches(
  settings: RunSettings,
  step: number,
  rollouts: readonly RolloutDraft[],
): RolloutDraft[][] {
  const groups = new Map<number, RolloutDraft[]>();
  for (const rollout of rollouts) {
    groups.set(rollout.group, [...(groups.get(rollout.group) ?? []), rollout]);
  }
  const random = new RandomStream(settings.seed, 'mini-batches', step);
  const shuffled = random.sample([...groups.values()], groups.size);
  const count = Math.min(settings.updatesPerStep, shuffled.length);
  return Array.from({ length: count }, (_, part) =>
    shuffled.filter((_group, index) => index % count === part).flat(),
  );
}

/**
 * The loss is a sum over tokens of weighted advantages. `token-mean` gives each of the T tokens of
 * the batch the weight 1/T; `sequence-mean` gives each of the B rollouts 1/B, spread evenly over
 * its tokens. Rollouts of zero advantage count in T and B but need no computing, unless entropy is
 * paid for: its bonus has the same weights, those of both roles alike.
 */
export function trainingData(
  settings: Pick<RunSettings, 'lossAggregation' | 'proposerLossWeight'> &
    Partial<Pick<RunSettings, 'entropyCoefficient'>>,
  batch: readonly RolloutDraft[],
): TrainingDatum[] {
  const paysEntropy = (settings.entropyCoefficient ?? 0) > 0;
  const totalTokens = batch.reduce((sum, { tokens }) => sum + tokens.length, 0);
  return batch.flatMap((rollout) => {
    const roleWeight = rollout.role === 'proposer' ? settings.proposerLossWeight : 1;
    const share =
      settings.lossAggregation === 'token-mean'
        ? 1 / totalTokens
        : 1 / (batch.length * rollout.tokens.length);
    const advantage = (rollout.advantage ?? 0) * roleWeight * share;
    if (advantage === 0 && !paysEntropy) {
      return [];
    }
    return {
      promptTokens: rollout.promptTokens,
      completionTokens: rollout.tokens,
      logProbabilities: rollout.logProbabilities,
      advantages: rollout.tokens.map(() => advantage),
      ...(paysEntropy && { entropyWeights: rollout.tokens.map(() => share) }),
    };
  });
}
