/** Refuses what a server would do otherwise than asked, without saying so. */
import { ProblemError } from '../../protocol/problem.ts';
import type {
  AdamParameters,
  PolicyLoss,
  SamplingParameters,
  TrainingLoss,
} from '../../protocol/engine.ts';
import type { FixedOptimizer, ServerTraits } from './tinker/serverTraits.ts';

export interface WantedModel {
  readonly trainable: 'full' | 'lora';
  readonly loraAlpha: number;
  readonly loraDropout: number;
}

/** Throws a ProblemError when the server cannot make the model that is wanted. */
export function refuseModel(traits: ServerTraits, wanted: WantedModel): void {
  const { trainable, loraAlpha, loraDropout } = wanted;
  if (trainable === 'full') {
    if (traits.fullFineTuning !== 'none') return;
    throw new ProblemError({
      code: 'full_fine_tuning_unsupported',
      message: `${traits.server} trains adapters only.`,
      remedy: 'Set trainable to lora.',
    });
  }
  if (loraDropout > 0 && !traits.dropsOut) {
    throw new ProblemError({
      code: 'lora_dropout_unsupported',
      message: `${traits.server} has no setting for the dropout of adapters; the run asks for ${loraDropout}.`,
      remedy: 'Set loraDropout to 0, or use the local engine.',
    });
  }
  if (typeof traits.loraAlpha !== 'number' || traits.loraAlpha === loraAlpha) return;
  throw new ProblemError({
    code: 'lora_alpha_unsupported',
    message: `${traits.server} scales adapters by ${traits.loraAlpha} whatever it is asked; the run asks for ${loraAlpha}.`,
    remedy: `Set loraAlpha to ${traits.loraAlpha}.`,
  });
}

/** Throws a ProblemError when a step would be another one on this server than the run asks for. */
export function refuseUpdate(traits: ServerTraits, loss: TrainingLoss, adam: AdamParameters): void {
  if (!traits.losses.includes(loss.kind)) {
    throw new ProblemError({
      code: 'loss_unsupported',
      message: `${traits.server} does not compute the loss ${loss.kind} as it is meant here.`,
      remedy:
        loss.kind === 'cross_entropy'
          ? 'Set goldLossWeight to 0, or use the local engine.'
          : `Use one of: ${traits.losses.join(', ')}.`,
    });
  }
  if (loss.kind !== 'cross_entropy') refuseTerms(traits, loss);
  if ((adam.averageDecay ?? 0) > 0) refuseAverage(traits);
  if (adam.optimizer === 'muon') refuseMuon(traits);
  if (traits.optimizer === 'as-asked') return;
  if (traits.optimizer !== 'without-clipping') {
    refuseOtherOptimizer(traits.server, traits.optimizer, adam);
  } else if (adam.gradientClipNorm !== 0) {
    throw new ProblemError({
      code: 'gradient_clipping_unsupported',
      message: `${traits.server} does not clip gradients; the run asks for a norm of at most ${adam.gradientClipNorm}.`,
      remedy: 'Set gradientClipNorm to 0.',
    });
  }
}

function refuseTerms(
  traits: ServerTraits,
  { temperature = 1, entropyCoefficient = 0 }: PolicyLoss,
): void {
  refuseTemperature(traits, temperature);
  if (entropyCoefficient === 0 || traits.paysEntropy) return;
  throw new ProblemError({
    code: 'entropy_bonus_unsupported',
    message: `${traits.server} has no entropy bonus; the run asks for ${entropyCoefficient}.`,
    remedy: 'Set entropyCoefficient to 0, or use the local engine.',
  });
}

/** Throws a ProblemError when the server would sample something else than asked. */
export function refuseSampling(traits: ServerTraits, parameters: SamplingParameters): void {
  if (parameters.temperature !== 0) refuseTemperature(traits, parameters.temperature);
  if (parameters.weights === 'average') refuseAverage(traits);
}

/** Nothing says which distribution the log-probabilities of such a server's samples belong to. */
export function refuseTemperature(
  { server, scoresAtTemperature }: ServerTraits,
  temperature: number,
): void {
  if (temperature === 1 || scoresAtTemperature) return;
  throw new ProblemError({
    code: 'temperature_unsupported',
    message: `${server} trains on log-probabilities of temperature 1 only; the run samples at ${temperature}.`,
    remedy: 'Set temperature to 1, or use the local engine.',
  });
}

/** Throws a ProblemError: the server does not say which token is the most probable at a place. */
export function refuseTopTokens({ server }: ServerTraits): never {
  throw new ProblemError({
    code: 'top_tokens_unsupported',
    message: `${server} does not say which token is the most probable at each place of a text.`,
    remedy: 'Use the local engine.',
  });
}

function refuseAverage({ server, averagesWeights }: ServerTraits): void {
  if (averagesWeights) return;
  throw new ProblemError({
    code: 'weight_average_unsupported',
    message: `${server} keeps no moving average of the weights.`,
    remedy: 'Turn the average of weights off, or use the local engine.',
  });
}

function refuseMuon({ server, stepsByMuon }: ServerTraits): void {
  if (stepsByMuon) return;
  throw new ProblemError({
    code: 'muon_unsupported',
    message: `${server} does not offer the optimizer Muon for steps of their own.`,
    remedy: 'Set goldOptimizer to adamw, or use the local engine.',
  });
}

/** Names in the run file of what the server has fixed; the others are not settings. */
const SETTING_NAMES: Partial<Record<keyof FixedOptimizer, string>> = {
  beta2: 'adamBeta2',
  weightDecay: 'weightDecay',
  gradientClipNorm: 'gradientClipNorm',
};

function refuseOtherOptimizer(server: string, fixed: FixedOptimizer, adam: AdamParameters): void {
  const names = Object.keys(fixed) as (keyof FixedOptimizer)[];
  const others = names.filter((name) => fixed[name] !== adam[name]);
  if (others.length === 0) return;
  const asked = others.map((name) => `${SETTING_NAMES[name] ?? name} ${adam[name]}`).join(', ');
  const settings = others.map((name) => `${SETTING_NAMES[name] ?? name} to ${fixed[name]}`);
  throw new ProblemError({
    code: 'optimizer_unsupported',
    message: `${server} fixes its optimizer when it starts; the run asks for ${asked}.`,
    remedy: `Start the server with its own defaults and set ${settings.join(', ')}.`,
  });
}
