/**
 * How servers of the dialect differ, all of it in this file. A server is known by what it declares in
 * `get_server_capabilities`, else by the run's setting `engineServer`; nothing is guessed.
 */
import { ProblemError } from '../../../protocol/problem.ts';
import type { AdamParameters, TrainingLoss } from '../../../protocol/engine.ts';
import type { EngineServer } from '../../../protocol/engineServers.ts';
import type { Extensions } from './wire.ts';

export interface ServerTraits {
  readonly server: string;
  /**
   * What becomes of the token losses of all `forward_backward` before a step: their sum, or the mean
   * over sequences of each sequence's weighted mean.
   */
  readonly lossReduction: 'sum' | 'mean-of-sequence-means';
  readonly losses: readonly TrainingLoss['kind'][];
  /** Whether a policy loss takes `weights`, which default to 1 for prompt tokens too. */
  readonly weighsPolicyLoss: boolean;
  /** Whether policy losses take a temperature and samples have the log-probabilities of theirs. */
  readonly scoresAtTemperature: boolean;
  /** Whether policy losses take an entropy bonus. */
  readonly paysEntropy: boolean;
  /** Whether a moving average of the weights is kept and can be sampled. */
  readonly averagesWeights: boolean;
  /** Whether a step can be one of Muon, beside those of the policy's own optimizer. */
  readonly stepsByMuon: boolean;
  /** What `optim_step` takes from a request: all, all but gradient clipping, or the rate alone. */
  readonly optimizer: 'as-asked' | 'without-clipping' | FixedOptimizer;
  /** Scale of adapters: what the request says, a constant, or unknown. */
  readonly loraAlpha: 'as-asked' | 'undeclared' | number;
  /** Whether a request says what share of their inputs adapters drop. */
  readonly dropsOut: boolean;
  /** How all weights are trained: without `lora_config`, with rank 0, or not at all. */
  readonly fullFineTuning: 'no-lora-config' | 'rank-0' | 'none';
  /** Whether a trained model can load weights, or only one that nothing was asked of. */
  readonly loads: 'any-time' | 'first-request';
  /** Whether gradients of an abandoned model stay for the next one that takes its place. */
  readonly leavesGradients: boolean;
  /** Whether a request that is sent again under its `seq_id` is run once. */
  readonly repeatsBySequence: boolean;
  /** Whether sampling ends at the model's end tokens without being told them. */
  readonly knowsEndTokens: boolean;
  /** The server forgets a session that is silent for several times as long. */
  readonly heartbeatMs: number;
}

/** What the server was configured with when it started; a request changes the rate only. */
export type FixedOptimizer = Pick<
  AdamParameters,
  'beta1' | 'beta2' | 'epsilon' | 'weightDecay' | 'gradientClipNorm'
>;

const POLICY_LOSSES = ['ppo', 'importance_sampling', 'cispo'] as const;
const ALL_LOSSES = [...POLICY_LOSSES, 'cross_entropy'] as const;
const MINUTE_MS = 60_000;

/** Extensions of our own server. */
const WITHOUT_OURS = {
  scoresAtTemperature: false,
  paysEntropy: false,
  averagesWeights: false,
  stepsByMuon: false,
};

/**
 * Clip thresholds need no row: they differ by default (SkyRL 0.8 and 1.2, TuFT 0.9 and 1.1), so that
 * every request carries its own. Nor does waiting for a future: servers hold a poll for 30 to 300 s,
 * then answer 408 or `try_again`, and the client takes both alike.
 *
 * Read from SkyRL 0.3.0 and its repository at a9564572, and from the Tinker SDK 0.25.
 */
const NAMED_SERVERS: Readonly<Record<Exclude<EngineServer, 'auto'>, ServerTraits>> = {
  'skyrl-jax': {
    server: 'SkyRL (JAX)',
    lossReduction: 'mean-of-sequence-means',
    // Its cross-entropy divides by the weights of a sequence, so that no other weight than 1 counts.
    losses: POLICY_LOSSES,
    weighsPolicyLoss: true,
    ...WITHOUT_OURS,
    optimizer: 'without-clipping',
    loraAlpha: 32,
    dropsOut: false,
    fullFineTuning: 'none',
    loads: 'first-request',
    leavesGradients: true,
    // 0.3.0 has no seq_id in these requests; later ones do, and do not tell their version.
    repeatsBySequence: false,
    knowsEndTokens: false,
    heartbeatMs: MINUTE_MS,
  },
  'skyrl-train': {
    server: 'SkyRL (FSDP or Megatron)',
    lossReduction: 'sum',
    // Its cispo reads other names for the thresholds than the dialect's, and so ignores them.
    losses: ['ppo', 'importance_sampling', 'cross_entropy'],
    weighsPolicyLoss: true,
    ...WITHOUT_OURS,
    optimizer: {
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weightDecay: 0.01,
      gradientClipNorm: 1,
    },
    loraAlpha: 32,
    dropsOut: false,
    fullFineTuning: 'rank-0',
    loads: 'first-request',
    leavesGradients: false,
    repeatsBySequence: false,
    knowsEndTokens: true,
    heartbeatMs: MINUTE_MS,
  },
  tinker: {
    server: 'Tinker',
    lossReduction: 'sum',
    losses: ALL_LOSSES,
    // It refuses loss inputs that a loss does not name.
    weighsPolicyLoss: false,
    ...WITHOUT_OURS,
    optimizer: 'as-asked',
    loraAlpha: 'undeclared',
    dropsOut: false,
    fullFineTuning: 'none',
    loads: 'first-request',
    leavesGradients: false,
    repeatsBySequence: true,
    knowsEndTokens: false,
    heartbeatMs: 10_000,
  },
};

/** Throws a ProblemError where the server is unknown, or says something else than the setting. */
export function serverTraits(
  extensions: Extensions | undefined,
  named: EngineServer = 'auto',
): ServerTraits {
  if (extensions === undefined) {
    if (named !== 'auto') return NAMED_SERVERS[named];
    throw new ProblemError({
      code: 'engine_server_unknown',
      message: 'The engine does not declare how it computes, and the run does not name its kind.',
      remedy: `Set engineServer to ${Object.keys(NAMED_SERVERS).join(', ')}: whichever it is; docs/cluster.md says what that settles.`,
    });
  }
  if (named === 'auto') return declaredTraits(extensions);
  throw new ProblemError({
    code: 'engine_server_mismatch',
    message: `The run names the engine's kind as ${named}, but the engine declares itself as ${extensions.server ?? 'another one'}.`,
    remedy: 'Set engineServer to auto, or engineUrl to the engine that was meant.',
  });
}

/** Of a server that declares what it does, as our own. */
function declaredTraits(extensions: Extensions): ServerTraits {
  const { server, loss_reduction, grad_clip_norm, full_fine_tuning, losses, lora_dropout } =
    extensions;
  const { loss_temperature, entropy_bonus, weight_average, optimizers } = extensions;
  if (loss_reduction !== 'sum') {
    throw new ProblemError({
      code: 'loss_reduction_unsupported',
      message: `The engine declares that it reduces token losses by ${loss_reduction ?? 'a rule it does not name'}; advantages here are weighted for a sum.`,
      remedy: 'Use a server that sums token losses, or a kind that engineServer can name.',
    });
  }
  return {
    server: server ?? 'tinker',
    lossReduction: 'sum',
    losses: ALL_LOSSES.filter((loss) => losses?.includes(loss) === true),
    weighsPolicyLoss: true,
    scoresAtTemperature: loss_temperature === true,
    paysEntropy: entropy_bonus === true,
    averagesWeights: weight_average === true,
    stepsByMuon: optimizers?.includes('muon') === true,
    optimizer: grad_clip_norm === true ? 'as-asked' : 'without-clipping',
    loraAlpha: 'as-asked',
    dropsOut: lora_dropout?.settable === true,
    fullFineTuning: full_fine_tuning === true ? 'no-lora-config' : 'none',
    loads: 'any-time',
    leavesGradients: false,
    repeatsBySequence: true,
    knowsEndTokens: true,
    heartbeatMs: MINUTE_MS,
  };
}
