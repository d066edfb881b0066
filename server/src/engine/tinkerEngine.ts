/** The `Engine` of the loop on a server of the Tinker dialect: one session, one trained model. */
import path from 'node:path';

import type {
  AdamParameters,
  Completion,
  Engine,
  EngineDescription,
  PolicyLoss,
  SampleRequest,
  SamplingParameters,
  TrainingDatum,
  UpdateResult,
} from '../../protocol/engine.ts';
import { EngineError } from './engineError.ts';
import { combineMetrics } from './metrics.ts';
import type { TinkerClient } from './tinkerClient.ts';
import type { ChatMessage, FolderTokenizer } from './tokenizer.ts';
import type { TrainingBatch } from './trainingBatches.ts';
import { scoringDatum, trainingBatches } from './trainingBatches.ts';
import { fieldOf, listIn, metricsIn, numbersIn, sequencesIn, textIn } from './replyChecks.ts';
import type { Extensions, WireSequence } from './wire.ts';
import { encodedText } from './wire.ts';

/** Prompt tokens of one `asample_batch` request; a token is at most seven characters of JSON. */
const SAMPLE_REQUEST_TOKENS = 2_000_000;
const HEARTBEAT_MS = 60_000;
const UNLOAD_MS = 2_000;

export interface TinkerEngineParts {
  readonly client: TinkerClient;
  readonly tokenizer: FolderTokenizer;
  readonly description: EngineDescription;
  readonly extensions: Extensions;
  readonly sessionId: string;
  readonly modelId: string;
  /** Ends what belongs to the engine, such as a local server. */
  readonly release: () => Promise<void>;
}

export class TinkerEngine implements Engine {
  readonly description: EngineDescription;
  readonly #parts: TinkerEngineParts;
  readonly #heartbeat: NodeJS.Timeout;
  #sequence = 0;
  #samplingSequence = 0;
  #samplingSession: string | undefined;
  #updateInterrupted = false;

  constructor(parts: TinkerEngineParts) {
    this.#parts = parts;
    this.description = parts.description;
    this.#heartbeat = setInterval(() => {
      const body = { session_id: parts.sessionId };
      // A missed heartbeat shows in the next request, which has a caller to tell.
      parts.client.post('session_heartbeat', body, true).catch(() => undefined);
    }, HEARTBEAT_MS).unref();
  }

  encode(text: string): number[] {
    return this.#parts.tokenizer.encode(text);
  }

  decode(tokens: readonly number[]): string {
    return this.#parts.tokenizer.decode(tokens);
  }

  encodeChat(messages: readonly ChatMessage[]): number[] | undefined {
    return this.#parts.tokenizer.encodeChat(messages);
  }

  async sample(
    requests: readonly SampleRequest[],
    parameters: SamplingParameters,
    signal?: AbortSignal,
  ): Promise<Completion[][]> {
    if (requests.length === 0) return [];
    this.#samplingSession ??= await this.#openSamplingSession(signal);
    const batched = this.#parts.extensions.asample_batch === true;
    const parts = batched ? splitByPromptTokens(requests) : requests.map((request) => [request]);
    const results = await Promise.all(
      parts.map((part, index) => {
        // The same seed for two requests would give equal prompts equal completions.
        const wireParameters = wireSampling({ ...parameters, seed: parameters.seed + index });
        return batched
          ? this.#sampleBatch(part, wireParameters, signal)
          : this.#sampleOne(part[0]!, wireParameters, signal);
      }),
    );
    return results.flat();
  }

  async #sampleBatch(
    requests: readonly SampleRequest[],
    sampling_params: object,
    signal?: AbortSignal,
  ): Promise<Completion[][]> {
    const items = requests.map(({ promptTokens, samples }) => ({
      prompt: encodedText(promptTokens),
      num_samples: samples,
    }));
    const reply = await this.#compute<unknown>(
      'asample_batch',
      { ...this.#samplingIdentity(), items, sampling_params },
      signal,
    );
    const replies = listIn(reply, 'items');
    return requests.map((request, index) =>
      completions(request, sequencesIn(replies[index], 'sequences')),
    );
  }

  async #sampleOne(
    request: SampleRequest,
    sampling_params: object,
    signal?: AbortSignal,
  ): Promise<Completion[][]> {
    const reply = await this.#compute<unknown>(
      'asample',
      {
        ...this.#samplingIdentity(),
        prompt: encodedText(request.promptTokens),
        num_samples: request.samples,
        sampling_params,
      },
      signal,
    );
    return [completions(request, sequencesIn(reply, 'sequences'))];
  }

  async logProbabilities(
    data: readonly TrainingDatum[],
    signal?: AbortSignal,
  ): Promise<number[][]> {
    const results: number[][] = [];
    const limit = this.#parts.extensions.maximum_request_bytes;
    for (const batch of trainingBatches(data, limit, scoringDatum)) {
      const reply = await this.#computeInOrder<unknown>(
        'forward',
        { forward_input: { data: batch.data, loss_fn: 'cross_entropy', loss_fn_config: {} } },
        signal,
      );
      results.push(...completionLogProbabilities(reply, batch));
    }
    return results;
  }

  async update(
    data: readonly TrainingDatum[],
    loss: PolicyLoss,
    adam: AdamParameters,
    signal?: AbortSignal,
  ): Promise<UpdateResult> {
    this.#refuseInterrupted();
    // Until the step is known to be taken, gradients on the server may be half a batch's.
    this.#updateInterrupted = true;
    const logProbabilities: (readonly number[])[] = [];
    const metrics: Readonly<Record<string, number>>[] = [];
    const loss_fn = loss.kind;
    const loss_fn_config = lossSettings(loss);
    for (const batch of trainingBatches(data, this.#parts.extensions.maximum_request_bytes)) {
      const forward_backward_input = { data: batch.data, loss_fn, loss_fn_config };
      const reply = await this.#computeInOrder<unknown>(
        'forward_backward',
        { forward_backward_input },
        signal,
      );
      logProbabilities.push(...completionLogProbabilities(reply, batch));
      metrics.push(metricsIn(reply, 'metrics'));
    }
    const step = await this.#computeInOrder<unknown>(
      'optim_step',
      { adam_params: wireAdam(adam) },
      signal,
    );
    this.#samplingSession = undefined;
    this.#updateInterrupted = false;
    return { logProbabilities, metrics: combineMetrics(metrics, metricsIn(step, 'metrics')) };
  }

  #refuseInterrupted(): void {
    if (!this.#updateInterrupted) return;
    throw new EngineError(
      'update_interrupted',
      'An earlier update was interrupted, so the engine may hold gradients of half a batch.',
      'Load the last checkpoint before the next update.',
    );
  }

  async saveCheckpoint(name: string, signal?: AbortSignal): Promise<string> {
    const saved = await this.#computeInOrder<unknown>('save_weights', { path: name }, signal);
    const folder = this.#parts.extensions.checkpoint_folder;
    return folder === undefined ? textIn(saved, 'path') : path.join(folder, name);
  }

  /** `location` is what `saveCheckpoint` resolved with, in this run or an earlier one. */
  async loadCheckpoint(location: string, signal?: AbortSignal): Promise<void> {
    const wirePath = location.includes('://')
      ? location
      : `tinker://${this.#parts.modelId}/weights/${this.#checkpointName(location)}`;
    await this.#computeInOrder('load_weights', { path: wirePath, optimizer: true }, signal);
    this.#samplingSession = undefined;
    this.#updateInterrupted = false;
  }

  #checkpointName(location: string): string {
    const folder = this.#parts.extensions.checkpoint_folder;
    if (folder !== undefined && path.dirname(path.resolve(location)) === path.resolve(folder)) {
      return path.basename(location);
    }
    throw new EngineError(
      'checkpoint_not_found',
      `Checkpoint ${location} is not in the engine's checkpoint folder ${folder ?? '(none)'}.`,
      'Open the engine with the folder that holds the checkpoint.',
    );
  }

  async close(): Promise<void> {
    clearInterval(this.#heartbeat);
    const unload = { model_id: this.#parts.modelId };
    try {
      // One that does not answer is not waited for: its process is ended next.
      await this.#parts.client.post('unload_model', unload, false, AbortSignal.timeout(UNLOAD_MS));
    } catch {
      // A server that is gone has unloaded its models already.
    }
    await this.#parts.release();
  }

  async #openSamplingSession(signal?: AbortSignal): Promise<string> {
    this.#samplingSequence += 1;
    const reply = await this.#computeInOrder<unknown>(
      'save_weights_for_sampler',
      { sampling_session_seq_id: this.#samplingSequence },
      signal,
    );
    return textIn(reply, 'sampling_session_id');
  }

  #samplingIdentity(): object {
    this.#samplingSequence += 1;
    return { sampling_session_id: this.#samplingSession, seq_id: this.#samplingSequence };
  }

  /** A request of the model, in the order of the calls of this method. */
  #computeInOrder<T>(route: string, body: object, signal?: AbortSignal): Promise<T> {
    // An aborted call must not take a number that the server would then wait for.
    if (signal?.aborted === true) return Promise.reject(abortReason(signal));
    this.#sequence += 1;
    const identity = { model_id: this.#parts.modelId, seq_id: this.#sequence };
    return this.#compute<T>(route, { ...identity, ...body }, signal);
  }

  #compute<T>(route: string, body: object, signal?: AbortSignal): Promise<T> {
    const cancelRoute = this.#parts.extensions.cancel_future === true ? 'cancel_future' : undefined;
    return this.#parts.client.compute<T>(route, body, { signal, cancelRoute });
  }
}

function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason));
}

function splitByPromptTokens(requests: readonly SampleRequest[]): SampleRequest[][] {
  const parts: SampleRequest[][] = [];
  let tokens = Infinity;
  for (const request of requests) {
    tokens += request.promptTokens.length;
    if (tokens > SAMPLE_REQUEST_TOKENS) {
      parts.push([]);
      tokens = request.promptTokens.length;
    }
    parts.at(-1)?.push(request);
  }
  return parts;
}

function completions(request: SampleRequest, sequences: readonly WireSequence[]): Completion[] {
  const complete =
    sequences.length === request.samples &&
    sequences.every(({ tokens, logprobs }) => tokens.length === logprobs.length);
  if (!complete) {
    throw new EngineError(
      'engine_protocol',
      `The engine returned ${sequences.length} samples where ${request.samples} were asked for, or samples without log-probabilities.`,
      'Use a server that speaks the dialect of server/engine/README.md.',
    );
  }
  return sequences.map(({ tokens, logprobs, stop_reason }) => ({
    tokens,
    logProbabilities: logprobs,
    stopReason: stop_reason,
  }));
}

function completionLogProbabilities(reply: unknown, batch: TrainingBatch): number[][] {
  const outputs = listIn(reply, 'loss_fn_outputs');
  return batch.completionStarts.map((start, index) => {
    const values = numbersIn(fieldOf(outputs[index], 'logprobs'), 'data');
    if (values.length === batch.data[index]?.loss_fn_inputs.target_tokens.data.length) {
      return values.slice(start);
    }
    throw new EngineError(
      'engine_protocol',
      'The engine returned training outputs without a log-probability for every token.',
      'Use a server that speaks the dialect of server/engine/README.md.',
    );
  });
}

function wireSampling({ temperature, topP, maximumTokens, seed }: SamplingParameters): object {
  return { temperature, top_p: topP, max_tokens: maximumTokens, seed };
}

/** The dialect's thresholds bound the ratio itself; ours are distances from 1. */
function lossSettings(loss: PolicyLoss): Readonly<Record<string, number>> {
  if (loss.kind === 'importance_sampling') return {};
  return { clip_low_threshold: 1 - loss.clipLow, clip_high_threshold: 1 + loss.clipHigh };
}

function wireAdam(adam: AdamParameters): object {
  return {
    learning_rate: adam.learningRate,
    beta1: adam.beta1,
    beta2: adam.beta2,
    eps: adam.epsilon,
    weight_decay: adam.weightDecay,
    grad_clip_norm: adam.gradientClipNorm,
  };
}
