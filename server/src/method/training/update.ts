/** One policy update from the rewarded rollouts of both roles: paper section 3.3.5, eq. 8 and 9. */
import type {
  AdamParameters,
  Objective,
  PolicyLoss,
  TrainingDatum,
  TrainingLoss,
  UpdateResult,
} from '../../../protocol/engine.ts';
import type { RunSettings } from '../../../protocol/settings.ts';
import { type Mode, MODES, ROLES } from '../../../protocol/vocabulary.ts';
import { taskRole } from '../../../protocol/events.ts';
import {
  type AdvantageOptions,
  advantagesApart,
  advantagesOf,
  type RewardParts,
} from './advantages.ts';
import type { LoopDependencies } from '../context.ts';
import { usesGold } from '../../../protocol/goldSettings.ts';
import { type GoldDocument, goldObjective, recordGold } from '../interpreter/goldDocuments.ts';
import type { GoldMemory } from '../interpreter/goldMemory.ts';
import { rateShare } from './learningRate.ts';
import type { Ledger, RolloutDraft } from '../ledger.ts';
import { RandomStream } from '../randomStream.ts';
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
        batch.map(({ reward = 0, group, verdict }) => ({
          ...{ reward, group },
          correct: verdict === 'correct',
        })),
        role === 'solver'
          ? { baseline: settings.solverBaseline, scale: settings.advantageScale }
          : proposerOptions(settings),
      );
      const apart = role === 'proposer' && settings.proposerAdvantage === 'apart';
      const assigned = apart ? advantagesOfParts(ledger, mode, batch) : advantages;
      batch.forEach((rollout, index) => {
        rollout.advantage = assigned[index]!;
        rollout.trained = true;
      });
      ledger.baselines.push({ step: ledger.step, role, mode, ...baseline });
      ledger.addMetric(`${taskRole(role, mode)}.rewardMean`, baseline.mean);
    }
  }
}

/** Each proposer prompt has one completion, so its group says nothing. */
function proposerOptions({ advantageScale }: RunSettings): AdvantageOptions {
  const scale = advantageScale === 'group-rate' ? 'deviation' : advantageScale;
  return { baseline: 'task-role', scale };
}

/** Notes the baselines of both parts as metrics: whoever tells of an advantage later needs them. */
function advantagesOfParts(ledger: Ledger, mode: Mode, batch: readonly RolloutDraft[]): number[] {
  const { advantages, form, role } = advantagesApart(batch.map(partsOf));
  for (const [name, { mean, standardDeviation }] of Object.entries({ form, role })) {
    ledger.addMetric(`${taskRole('proposer', mode)}.${name}Mean`, mean);
    ledger.addMetric(`${taskRole('proposer', mode)}.${name}Deviation`, standardDeviation);
  }
  return advantages;
}

/** The two parts of a proposer's reward. */
export function partsOf({
  reward = 0,
  rewardTerms,
}: Pick<RolloutDraft, 'reward' | 'rewardTerms'>): RewardParts {
  const refused = rewardTerms.some(({ name }) => name === 'format');
  return refused ? { form: reward } : { form: 0, role: reward };
}

/** What an update trains on beside rewards: documents of executed truth, and who remembers how well they were known. */
export interface Gold {
  readonly documents: readonly GoldDocument[];
  readonly gold: GoldMemory;
}

/**
 * Trains on `rollouts`, whose advantages are assigned, in `updatesPerStep` mini-batches, and on
 * documents of executed truth: in the same optimizer steps, or in steps of their own after them.
 * @returns how many completion tokens of rollouts the update counted
 */
export async function updatePolicy(
  dependencies: LoopDependencies,
  ledger: Ledger,
  rollouts: readonly RolloutDraft[],
  { documents, gold }: Gold,
  signal: AbortSignal,
): Promise<number> {
  const { clock, settings } = dependencies;
  ledger.enterPhase('update', clock.now());
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
  const own = settings.goldUpdatesPerStep;
  const joined = own === 0 ? inParts(documents, Math.max(1, corrected.length)) : [];
  const updates = [
    ...Array.from({ length: Math.max(corrected.length, joined.length) }, (_, index) => ({
      policy: corrected[index] ?? [],
      documents: joined[index] ?? [],
      adam: adamAt(settings, ledger.step),
    })),
    ...(own === 0 ? [] : inParts(documents, own)).map((part) => ({
      policy: [],
      documents: part,
      adam: goldAdamAt(settings, ledger.step),
    })),
  ].filter((update) => update.policy.length + update.documents.length > 0);
  const results: UpdateResult[] = [];
  for (const [done, update] of updates.entries()) {
    const total = updates.length;
    dependencies.listener({ kind: 'phase', step: ledger.step, phase: 'update', done, total });
    const result = await dependencies.engine.update(
      objectivesOf(settings, loss, update.policy, update.documents),
      update.adam,
      signal,
    );
    if (update.policy.length > 0) results.push(result);
    if (update.documents.length > 0) {
      recordGold(ledger, gold, update.documents, result.logProbabilities.at(-1)!);
    }
  }
  const [first] = results;
  const gap =
    scored === undefined
      ? first && measureGap(batches[0]!, first.logProbabilities[0]!, settings.importanceSamplingCap)
      : measureGap(batches.flat(), scored.flat(), settings.importanceSamplingCap);
  if (gap !== undefined) {
    ledger.addMetric('update.samplerGap', gap.mean);
    ledger.addMetric('update.samplerGapMaximum', gap.maximum);
    if (truncationOf(dependencies) !== 'none')
      ledger.addMetric('update.samplerTruncated', gap.truncated);
  }
  ledger.addMetric('update.learningRate', adamAt(settings, ledger.step).learningRate);
  for (const [name, value] of meansOf(results)) ledger.addMetric(`update.${name}`, value);
  return rollouts.reduce((sum, { tokens }) => sum + tokens.length, 0);
}

/** Reward first; what the engine measures is measured on the first objective. */
function objectivesOf(
  settings: RunSettings,
  loss: PolicyLoss,
  policy: readonly TrainingDatum[],
  documents: readonly GoldDocument[],
): Objective[] {
  return [
    ...(policy.length > 0 ? [{ data: policy, loss }] : []),
    ...(documents.length > 0 ? [goldObjective(documents, settings.goldLossWeight)] : []),
  ];
}

/** Up to `count` parts of about the same size, none empty, dealt like cards. */
function inParts<Item>(items: readonly Item[], count: number): Item[][] {
  const parts = Math.min(count, items.length);
  return Array.from({ length: parts }, (_, part) =>
    items.filter((_item, index) => index % parts === part),
  );
}

/** Means over the updates that trained on rewards. */
function meansOf(results: readonly UpdateResult[]): Map<string, number> {
  const means = new Map<string, number>();
  for (const { metrics } of results) {
    for (const [name, value] of Object.entries(metrics)) {
      means.set(name, (means.get(name) ?? 0) + value / results.length);
    }
  }
  return means;
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
function lossOf(settings: RunSettings): PolicyLoss {
  const { clipLow, clipHigh, temperature, entropyCoefficient } = settings;
  return {
    kind: 'ppo',
    clipLow,
    clipHigh,
    ...(temperature !== 1 && { temperature }),
    ...(entropyCoefficient > 0 && { entropyCoefficient }),
  };
}

/** The loss and the optimizer of every kind of update of the run, at its full learning rate. */
export function updatesOf(
  settings: RunSettings,
): { readonly loss: TrainingLoss; readonly adam: AdamParameters }[] {
  const ofPolicy = { loss: lossOf(settings), adam: adamOf(settings) };
  if (!usesGold(settings)) return [ofPolicy];
  const isApart = settings.goldUpdatesPerStep > 0;
  const adam = isApart ? goldAdamOf(settings) : ofPolicy.adam;
  return [ofPolicy, { loss: { kind: 'cross_entropy' }, adam }];
}

/** The optimizer's settings of the updates of a step. */
function adamAt(settings: RunSettings, step: number): AdamParameters {
  return scaledAt(adamOf(settings), settings, step);
}

/** The same for an update that trains on documents of executed truth alone. */
function goldAdamAt(settings: RunSettings, step: number): AdamParameters {
  return scaledAt(goldAdamOf(settings), settings, step);
}

function scaledAt(adam: AdamParameters, settings: RunSettings, step: number): AdamParameters {
  return { ...adam, learningRate: adam.learningRate * rateShare(settings, step) };
}

/** The optimizer's settings of a run, at its full learning rate. */
function adamOf(settings: RunSettings): AdamParameters {
  return {
    learningRate: settings.learningRate,
    beta1: ADAM_BETA_1,
    beta2: settings.adamBeta2,
    epsilon: ADAM_EPSILON,
    weightDecay: settings.weightDecay,
    gradientClipNorm: settings.gradientClipNorm,
    ...(settings.averageDecay > 0 && { averageDecay: settings.averageDecay }),
  };
}

function goldAdamOf(settings: RunSettings): AdamParameters {
  const { goldLearningRate, goldOptimizer, learningRate } = settings;
  return {
    ...adamOf(settings),
    learningRate: goldLearningRate === 0 ? learningRate : goldLearningRate,
    ...(goldOptimizer === 'muon' && { optimizer: goldOptimizer }),
  };
}
