/** Whether and how a run corrects for a sampler whose numerics differ from the trainer's. */
import type { TrainingDatum } from '../../../protocol/engine.ts';
import type { RunSettings } from '../../../protocol/settings.ts';
import type { LoopDependencies } from '../context.ts';

/**
 * The trainer's log-probabilities of every datum, where the update cannot tell them: where they are
 * corrected for, and where what adapters drop out blurs those of the gradient pass.
 */
export async function scoredByTrainer(
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
export function truncationOf({
  engine,
  settings,
}: LoopDependencies): 'none' | 'in-loss' | 'scored' {
  const { samplerMatchesTrainer, losses } = engine.description;
  if (settings.importanceSamplingCap === 0 || samplerMatchesTrainer) return 'none';
  const computesCispo = losses?.includes('cispo') ?? true;
  const isOnlyUpdate = settings.updatesPerStep === 1 && !dropsOut(settings);
  return isOnlyUpdate && computesCispo ? 'in-loss' : 'scored';
}

function dropsOut({ trainable, loraDropout }: RunSettings): boolean {
  return trainable === 'lora' && loraDropout > 0;
}
