/** The loss and the optimizer of every update of a run. */
import type { AdamParameters, PolicyLoss, TrainingLoss } from '../../../protocol/engine.ts';
import { usesGold } from '../../../protocol/goldSettings.ts';
import type { RunSettings } from '../../../protocol/settings.ts';
import { rateShare } from './learningRate.ts';

const ADAM_BETA_1 = 0.9;
const ADAM_EPSILON = 1e-8;

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
export function adamAt(settings: RunSettings, step: number): AdamParameters {
  return scaledAt(adamOf(settings), settings, step);
}

/** The same for an update that trains on documents of executed truth alone. */
export function goldAdamAt(settings: RunSettings, step: number): AdamParameters {
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
