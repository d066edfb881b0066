/** One policy update from the rewarded rollouts of both roles: paper section 3.3.5, eq. 8 and 9. */
import type {
  Objective,
  PolicyLoss,
  TrainingDatum,
  UpdateResult,
} from '../../../protocol/engine.ts';
import type { RunSettings } from '../../../protocol/settings.ts';
import type { LoopDependencies } from '../context.ts';
import { type GoldDocument, goldObjective, recordGold } from '../interpreter/goldDocuments.ts';
import type { GoldMemory } from '../interpreter/goldMemory.ts';
import type { Ledger, RolloutDraft } from '../ledger.ts';
import { adamAt, goldAdamAt, lossOf } from './optimizer.ts';
import { measureGap, truncatedLoss, truncateImportance } from './samplerCorrection.ts';
import { scoredByTrainer, truncationOf } from './trainerScores.ts';
import { miniBatches, trainingData } from './trainingData.ts';

/** What an update trains on beside rewards: documents of executed truth, and the memory of how well they were known. */
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
