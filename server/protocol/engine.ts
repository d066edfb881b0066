/** The model engine as the loop sees it: tokens in, tokens and log-probabilities out. */

/**
 * Which weights are sampled: those under training, their moving average (`AdamParameters.averageDecay`),
 * or those that training began with.
 */
export type SampledWeights = 'trained' | 'average' | 'start';

export interface SamplingParameters {
  /** 0 takes the most probable token each time, for measuring. */
  readonly temperature: number;
  readonly maximumTokens: number;
  readonly seed: number;
  /** `trained` unless it says otherwise. */
  readonly weights?: SampledWeights;
}

export interface SampleRequest {
  readonly promptTokens: readonly number[];
  /** How many completions of this prompt: the group. */
  readonly samples: number;
}

export interface Completion {
  /** Sampled token ids, the end-of-sequence token included when one was sampled. */
  readonly tokens: readonly number[];
  /**
   * Natural log-probability of each token in the distribution it was drawn from: the model at the
   * sampling temperature. Of greedy sampling, at temperature 1.
   */
  readonly logProbabilities: readonly number[];
  readonly stopReason: 'stop' | 'length';
}

/** One sequence of an update. Prompt tokens are context only; completion tokens carry the loss. */
export interface TrainingDatum {
  readonly promptTokens: readonly number[];
  readonly completionTokens: readonly number[];
  /** Sampler log-probabilities, one per completion token. */
  readonly logProbabilities: readonly number[];
  /** Advantage of each completion token, already multiplied by the weight that the chosen aggregation gives it. */
  readonly advantages: readonly number[];
  /** That weight alone, for the entropy bonus; without it the datum adds none. */
  readonly entropyWeights?: readonly number[];
}

/** −Σ w·log p over the completion tokens, w being a token's entry in `advantages`; sampler log-probabilities are not looked at. */
export interface CrossEntropyLoss {
  readonly kind: 'cross_entropy';
}

export type PolicyLossKind = 'ppo' | 'importance_sampling' | 'cispo';

/** Bounds of the ratio are 1 − clipLow and 1 + clipHigh. */
export type PolicyLoss = PolicyLossTerms &
  (
    | { readonly kind: 'ppo' | 'cispo'; readonly clipLow: number; readonly clipHigh: number }
    | { readonly kind: 'importance_sampling' }
  );

export interface PolicyLossTerms {
  /**
   * The temperature that the tokens were sampled at: the trainer divides its logits by it, so that
   * ratio, gradient and entropy are those of the distribution sampled from. 1 unless it says otherwise.
   */
  readonly temperature?: number;
  /**
   * Subtracts c · Σ w_t · H_t from the loss, with H_t the entropy (nats) of the distribution that
   * token t was drawn from and w_t its `entropyWeights`: weights 1/T make it c times the token mean.
   */
  readonly entropyCoefficient?: number;
}

export type TrainingLoss = PolicyLoss | CrossEntropyLoss;

/** One summand of what an update minimises: the token losses of `data`, added up. */
export interface Objective {
  readonly data: readonly TrainingDatum[];
  readonly loss: TrainingLoss;
}

export interface AdamParameters {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Largest global gradient norm; 0 means no clipping. */
  readonly gradientClipNorm: number;
  /**
   * Above 0, the engine keeps an exponential moving average of the trained weights: after step t, the
   * mean of the weights after steps 1 to t, those of step s weighing decay^(t − s). A step without it
   * ends the average.
   */
  readonly averageDecay?: number;
  /**
   * `adamw`, unless it says otherwise, is the policy's own. `muon` keeps its state apart from it, for
   * the steps that ask for it: Muon for weight matrices; for all else AdamW at half of the rate.
   * The betas are its own.
   */
  readonly optimizer?: 'adamw' | 'muon';
}

export interface UpdateResult {
  /** Trainer log-probabilities before the update, per objective, datum and completion token. */
  readonly logProbabilities: readonly (readonly (readonly number[])[])[];
  /** Numbers the engine measured of the first objective and of the step, such as `loss`, `gradientNorm`, `clipFraction`, `entropy`. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** What the model says of a token at its place in a sequence, at temperature 1. */
export interface TokenScore {
  readonly logProbability: number;
  /** The most probable token at that place. */
  readonly topToken: number;
  readonly topLogProbability: number;
}

export interface EngineDescription {
  readonly server: string;
  readonly model: string;
  readonly device: string;
  readonly parameters: number;
  readonly trainable: 'full' | 'lora';
  readonly contextTokens: number;
  /** Whether sampling and training use the same numerics, so that their log-probabilities agree. */
  readonly samplerMatchesTrainer: boolean;
  /** The policy losses it computes; all of them unless it says otherwise. */
  readonly losses?: readonly PolicyLossKind[];
}

/** One trainable policy. A rejected promise carries an `ProblemError` with a code and a remedy. */
export interface Engine {
  readonly description: EngineDescription;
  encode(text: string): Promise<number[]>;
  /** Tokens of a text as a completion that was sampled would have them: the end token comes last. */
  encodeCompletion(text: string): Promise<number[]>;
  /** Text of the tokens without special tokens. */
  decode(tokens: readonly number[]): Promise<string>;
  /** The tokenizer's own chat template, with the generation prompt; undefined when it has none. */
  encodeChat(
    messages: readonly { readonly role: string; readonly content: string }[],
  ): Promise<number[] | undefined>;
  /** Samples from the policy, as it is unless `parameters.weights` says otherwise; result i holds `requests[i].samples` completions. */
  sample(
    requests: readonly SampleRequest[],
    parameters: SamplingParameters,
    signal?: AbortSignal,
  ): Promise<Completion[][]>;
  /**
   * Trainer log-probabilities of the completion tokens under the current policy at `temperature`, 1
   * unless it says otherwise, without an update.
   */
  logProbabilities(
    data: readonly TrainingDatum[],
    signal?: AbortSignal,
    temperature?: number,
  ): Promise<number[][]>;
  /** Gradients of the summed token losses of all objectives, none of them without data, then one optimizer step. */
  update(
    objectives: readonly Objective[],
    adam: AdamParameters,
    signal?: AbortSignal,
  ): Promise<UpdateResult>;
  /** Saves weights, optimizers and random state under `name`; resolves with the engine's path of it. */
  saveCheckpoint(name: string, signal?: AbortSignal): Promise<string>;
  loadCheckpoint(path: string, signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** An engine that answers other programs too, which ask for more than the loop does. */
export interface ServedEngine extends Engine {
  /** The part of a text that each of the tokens adds. */
  tokenTexts(tokens: readonly number[]): Promise<string[]>;
  /**
   * Scores of the completion tokens under the current policy. Rejects with ProblemError
   * `top_tokens_unsupported` where the server does not tell which token is the most probable.
   */
  scoreTokens(
    data: readonly Pick<TrainingDatum, 'promptTokens' | 'completionTokens'>[],
    signal?: AbortSignal,
  ): Promise<TokenScore[][]>;
}
