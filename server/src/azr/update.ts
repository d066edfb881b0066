/** One policy update from the rewarded rollouts of both roles: paper section 3.3.5, eq. 8 and 9. */
import type { AdamParameters, PolicyLoss, TrainingDatum } from '../../protocol/engine.ts';
import type { RunSettings } from '../../protocol/settings.ts';
import { MODES, ROLES } from '../../protocol/vocabulary.ts';
import { taskRole } from '../../protocol/events.ts';
import { advantagesOf } from './advantages.ts';
import type { LoopDependencies } from './context.ts';
import type { Ledger, RolloutDraft } from './ledger.ts';
import { RandomStream } from './randomStream.ts';
import { measureGap, truncatedLoss, truncateImportance } from './samplerCorrection.ts';

const ADAM_BETA_1 = 0.9;
const ADAM_EPSILON = 1e-8;

/** Fills in the advantages of the six task-role batches and notes their baselines. */
export function assignAdvantages(
  ledger: Ledger,
  settings: RunSettings,
  rollouts: readonly RolloutDraft[],
): void {
  for (const role of ROLES) {
    for (const mode of MODES) {
      const batch = rollouts.filter((rollout) => rollout.role === role && rollout.mode === mode);
      if (batch.length === 0) {
        continue;
      }
      const { advantages, baseline } = advantagesOf(
        batch.map(({ reward }) => reward ?? 0),
        batch.map(({ group }) => group),
        {
          // Each proposer prompt has one completion, so its group says nothing.
          baseline: role === 'solver' ? settings.solverBaseline : 'task-role',
          normalise: settings.normaliseAdvantage,
        },
      );
      batch.forEach((rollout, index) => {
        rollout.advantage = advantages[index]!;
        rollout.trained = true;
      });
      ledger.baselines.push({ step: ledger.step, role, mode, ...baseline });
      ledger.addMetric(`${taskRole(role, mode)}.rewardMean`, baseline.mean);
    }
  }
}

/**
 * Trains on `rollouts`, whose advantages are assigned, in `updatesPerStep` mini-batches.
 * @returns how many completion tokens the update counted
 */
export async function updatePolicy(
  dependencies: LoopDependencies,
  ledger: Ledger,
  rollouts: readonly RolloutDraft[],
  signal: AbortSignal,
): Promise<number> {
  const { clock, engine, settings } = dependencies;
  ledger.enterPhase('update', clock.now());
  const sums = new Map<string, number>();
  const batches = miniBatches(settings, ledger.step, rollouts)
    .map((batch) => trainingData(settings, batch))
    .filter((data) => data.length > 0);
  // Before the first update: what is compared are two numerics of one policy.
  const scored = await scoredByTrainer(dependencies, batches, signal);
  const truncatesInLoss = truncationOf(dependencies) === 'in-loss';
  const loss = truncatesInLoss
    ? truncatedLoss(lossOf(settings), settings.importanceSamplingCap)
    : lossOf(settings);
  const corrected = batches.map((data, index) =>
    truncationOf(dependencies) === 'scored' && scored !== undefined
      ? data.map((datum, place) =>
          truncateImportance(datum, scored[index]![place]!, settings.importanceSamplingCap),
        )
      : data,
  );
  let gap = scored && measureGap(batches.flat(), scored.flat(), settings.importanceSamplingCap);
  for (const [index, data] of corrected.entries()) {
    dependencies.listener({
      kind: 'phase',
      step: ledger.step,
      phase: 'update',
      done: index,
      total: batches.length,
    });
    const result = await engine.update(data, loss, adamOf(settings), signal);
    gap ??= measureGap(batches[0]!, result.logProbabilities, settings.importanceSamplingCap);
    for (const [name, value] of Object.entries(result.metrics)) {
      sums.set(name, (sums.get(name) ?? 0) + value);
    }
  }
  if (gap !== undefined) {
    ledger.addMetric('update.samplerGap', gap.mean);
    ledger.addMetric('update.samplerGapMaximum', gap.maximum);
    if (truncationOf(dependencies) !== 'none')
      ledger.addMetric('update.samplerTruncated', gap.truncated);
  }
  for (const [name, sum] of sums) {
    ledger.addMetric(`update.${name}`, sum / batches.length);
  }
  return rollouts.reduce((sum, { tokens }) => sum + tokens.length, 0);
}

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

/**
 * The trainer's log-probabilities of every datum, where the update cannot tell them: where they are
 * corrected for, and where what adapters drop out blurs those of the gradient pass.
 */
async function scoredByTrainer(
  dependencies: LoopDependencies,
  batches: readonly (readonly TrainingDatum[])[],
  signal: AbortSignal,
): Promise<number[][][] | undefined> {
  const { engine, settings } = dependencies;
  if (truncationOf(dependencies) !== 'scored' && !dropsOut(settings)) return undefined;
  const scored: number[][][] = [];
  for (const data of batches) {
    scored.push(await engine.logProbabilities(data, signal, settings.temperature));
  }
  return scored;
}

/**
 * Where the sampler's numerics differ from the trainer's and the run corrects for it, how: by a loss
 * that truncates the ratio of trainer to sampler, or by scoring every token once more beforehand.
 * The first is the same gradient for less (`truncatedLoss`), as long as the policy whose gradient is
 * taken is the one that is to be compared with the sampler: in the only update of a step, with
 * nothing dropped out.
 */
function truncationOf({ engine, settings }: LoopDependencies): 'none' | 'in-loss' | 'scored' {
  const { samplerMatchesTrainer, losses } = engine.description;
  if (settings.importanceSamplingCap === 0 || samplerMatchesTrainer) return 'none';
  const computesCispo = losses?.includes('cispo') ?? true;
  const isOnlyUpdate = settings.updatesPerStep === 1 && !dropsOut(settings);
  return isOnlyUpdate && computesCispo ? 'in-loss' : 'scored';
}

function dropsOut({ trainable, loraDropout }: RunSettings): boolean {
  return trainable === 'lora' && loraDropout > 0;
}

/** The loss of every update of a run. */
export function lossOf(settings: RunSettings): PolicyLoss {
  const { clipLow, clipHigh, temperature, entropyCoefficient } = settings;
  return {
    kind: 'ppo',
    clipLow,
    clipHigh,
    ...(temperature !== 1 && { temperature }),
    ...(entropyCoefficient > 0 && { entropyCoefficient }),
  };
}

/** The optimizer's settings of every update of a run. */
export function adamOf(settings: RunSettings): AdamParameters {
  return {
    learningRate: settings.learningRate,
    beta1: ADAM_BETA_1,
    beta2: settings.adamBeta2,
    epsilon: ADAM_EPSILON,
    weightDecay: settings.weightDecay,
    gradientClipNorm: settings.gradientClipNorm,
  };
}
