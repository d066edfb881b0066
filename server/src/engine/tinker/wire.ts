/** Bodies of the Tinker JSON dialect, as far as this client reads and writes them. */

export interface ModelInput {
  readonly chunks: readonly { readonly type: 'encoded_text'; readonly tokens: readonly number[] }[];
}

interface TensorData {
  readonly data: readonly number[];
  readonly dtype: 'int64' | 'float32';
  readonly shape: readonly number[];
}

/** One training sequence, shifted by one: target i follows input i. */
export interface WireDatum {
  readonly model_input: ModelInput;
  readonly loss_fn_inputs: {
    readonly target_tokens: TensorData;
    readonly weights?: TensorData;
    readonly logprobs?: TensorData;
    readonly advantages?: TensorData;
    /** Ours: weight of each token's entropy in the bonus. */
    readonly entropy_weights?: TensorData;
  };
}

export interface WireSequence {
  readonly stop_reason: 'stop' | 'length';
  readonly tokens: readonly number[];
  readonly logprobs: readonly number[];
}

/** What our own server declares; other servers declare nothing of it. */
export interface Extensions {
  readonly server?: string;
  readonly device?: string;
  /** Whether create_model takes a memory_demand, and the server plans by it. */
  readonly memory_demand?: boolean;
  readonly context_tokens?: number;
  readonly losses?: readonly string[];
  readonly loss_reduction?: string;
  readonly grad_clip_norm?: boolean;
  readonly sampler_matches_trainer?: boolean;
  readonly full_fine_tuning?: boolean;
  readonly lora_dropout?: { readonly settable: boolean };
  readonly asample_batch?: boolean;
  readonly cancel_future?: boolean;
  readonly maximum_request_bytes?: number;
  /** Whether policy losses take the temperature that tokens were sampled at, and samples have its log-probabilities. */
  readonly loss_temperature?: boolean;
  /** Whether policy losses take an entropy_coefficient, and data their entropy_weights. */
  readonly entropy_bonus?: boolean;
  /** Whether optim_step takes an average_decay, and the average can be sampled. */
  readonly weight_average?: boolean;
  /** Names that the `optimizer` of an optim_step may have; each keeps its state apart. */
  readonly optimizers?: readonly string[];
  /** Whether forward takes top_tokens. */
  readonly top_tokens?: boolean;
}

export function encodedText(tokens: readonly number[]): ModelInput {
  return { chunks: [{ type: 'encoded_text', tokens }] };
}

export function integers(data: readonly number[]): TensorData {
  return { data, dtype: 'int64', shape: [data.length] };
}

export function floats(data: readonly number[]): TensorData {
  return { data, dtype: 'float32', shape: [data.length] };
}
