/** One trained model on a server of the dialect: created, loaded into, given back. */
import { explainRefusal, type MemoryDemand } from '../memoryNeeds.ts';
import { textIn } from './replyChecks.ts';
import type { ServerTraits } from './serverTraits.ts';
import type { TinkerClient } from './tinkerClient.ts';
import { wireAdam } from './tinkerMessages.ts';

export interface ModelRequest {
  readonly sessionId: string;
  readonly baseModel: string;
  readonly trainable: 'full' | 'lora';
  readonly loraRank: number;
  readonly loraAlpha: number;
  readonly loraDropout: number;
  /** Seed of the adapters' first weights. */
  readonly seed: number;
  /** For a server that plans by it. */
  readonly memoryDemand?: MemoryDemand | undefined;
}

/** A step that changes no weight. */
export const NO_STEP = {
  learningRate: 0,
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0,
  gradientClipNorm: 0,
};

export class TinkerModels {
  readonly #client: TinkerClient;
  readonly #traits: ServerTraits;
  readonly #request: ModelRequest;
  #created = 0;

  constructor(client: TinkerClient, traits: ServerTraits, request: ModelRequest) {
    this.#client = client;
    this.#traits = traits;
    this.#request = request;
  }

  /** The name of the model that training begins with. */
  get baseModel(): string {
    return this.#request.baseModel;
  }

  /** A new model with the base model's weights and no gradients; resolves with its id. */
  async create(signal?: AbortSignal): Promise<string> {
    if (this.#traits.leavesGradients) await this.#clearPlace(signal);
    return this.#create(signal);
  }

  async unload(modelId: string, signal?: AbortSignal): Promise<void> {
    await this.#client.compute('unload_model', { model_id: modelId }, { signal });
  }

  /**
   * The next model gets the place that this one leaves, and with it the gradients of an update that
   * was cut short there, perhaps by the death of another run. A step drops them; at rate 0 it changes
   * no weight, and the optimizer that took them in goes with the model.
   */
  async #clearPlace(signal?: AbortSignal): Promise<void> {
    const modelId = await this.#create(signal);
    const body = { model_id: modelId, seq_id: 1, adam_params: wireAdam(NO_STEP) };
    await this.#client.compute('optim_step', body, { signal, repeatable: false });
    await this.unload(modelId, signal);
  }

  async #create(signal?: AbortSignal): Promise<string> {
    const { sessionId, baseModel, memoryDemand } = this.#request;
    const lora = this.#loraConfig();
    const body = {
      session_id: sessionId,
      model_seq_id: this.#created,
      base_model: baseModel,
      ...(lora !== undefined && { lora_config: lora }),
      ...(memoryDemand !== undefined && { memory_demand: memoryDemand }),
    };
    const created = await this.#client
      .compute<unknown>('create_model', body, { signal })
      .catch((error: unknown) => {
        throw explainRefusal(error);
      });
    this.#created += 1;
    return textIn(created, 'model_id');
  }

  #loraConfig(): object | undefined {
    const { trainable, loraRank, loraAlpha, loraDropout, seed } = this.#request;
    if (trainable === 'full') {
      return this.#traits.fullFineTuning === 'rank-0' ? { rank: 0 } : undefined;
    }
    return {
      rank: loraRank,
      ...(this.#traits.loraAlpha === 'as-asked' && { alpha: loraAlpha }),
      ...(loraDropout > 0 && { dropout: loraDropout }),
      seed,
      train_attn: true,
      train_mlp: true,
      train_unembed: false,
    };
  }
}
