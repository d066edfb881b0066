/** The `Engine` of the loop on a server of the Tinker dialect: one session, one trained model. */
import { ProblemError } from '../../../protocol/problem.ts';
import path from 'node:path';

import type {
  AdamParameters,
  Completion,
  EngineDescription,
  Objective,
  SampledWeights,
  SampleRequest,
  SamplingParameters,
  ServedEngine,
  TokenScore,
  TrainingDatum,
  UpdateResult,
} from '../../../protocol/engine.ts';
import { combineMetrics } from './metrics.ts';
import {
  refuseSampling,
  refuseTemperature,
  refuseTopTokens,
  refuseUpdate,
} from '../refuseUnsuitable.ts';
import { replyBytes } from './replyBody.ts';
import { listIn, metricsIn, sequencesIn, textIn } from './replyChecks.ts';
import { advantagesForSequenceMeans } from './sequenceMeans.ts';
import type { ServerTraits } from './serverTraits.ts';
import type { ComputeOptions, TinkerClient } from './tinkerClient.ts';
import {
  completionLogProbabilities,
  completions,
  completionScores,
  lossSettings,
  wireAdam,
  wireSampling,
} from './tinkerMessages.ts';
import type { TinkerModels } from './tinkerModels.ts';
import type { ChatMessage, FolderTokenizer } from '../tokenizer/tokenizer.ts';
import type { TrainingBatch } from './trainingBatches.ts';
import {
  crossEntropyDatum,
  policyDatum,
  policyScoringDatum,
  scoringDatum,
  trainingBatches,
  weightedPolicyDatum,
} from './trainingBatches.ts';
import type { Extensions } from './wire.ts';
import { encodedText } from './wire.ts';

/** Prompt tokens of one `asample_batch` request; a token is at most seven characters of JSON. */
const SAMPLE_REQUEST_TOKENS = 2_000_000;
/** Seeds of a server that adds the sample's number to them stay within 32 bits. */
const SEEDS = 2 ** 30;
const UNLOAD_MS = 2_000;
/** A log-probability, and the most probable token with its own. */
const NUMBERS_OF_A_SCORE = 3;

export interface TinkerEngineParts {
  readonly client: TinkerClient;
  readonly tokenizer: FolderTokenizer;
  readonly description: EngineDescription;
  readonly extensions: Extensions;
  /** Where the process that this one started keeps its checkpoints; what another server says of folders is not looked at. */
  readonly checkpointFolder: string | undefined;
  readonly traits: ServerTraits;
  /** Tokens that end a completion. */
  readonly endTokens: readonly number[];
  readonly sessionId: string;
  readonly models: TinkerModels;
  /** The model that `models` made first. */
  readonly modelId: string;
  /** Ends what belongs to the engine, such as a local server. */
  readonly release: () => Promise<void>;
}

interface ForwardPass {
  readonly logProbabilities: readonly (readonly number[])[];
  readonly metrics: readonly Readonly<Record<string, number>>[];
}

export class TinkerEngine implements ServedEngine {
  readonly description: EngineDescription;
  readonly #parts: TinkerEngineParts;
  readonly #heartbeat: NodeJS.Timeout;
  #modelId: string;
  #sequence = 0;
  #samplingSequence = 0;
  readonly #samplingSessions = new Map<SampledWeights, string>();
  #updateInterrupted = false;
  #endToken: Promise<number | undefined> | undefined;

  constructor(parts: TinkerEngineParts) {
    this.#parts = parts;
    this.#modelId = parts.modelId;
    this.description = parts.description;
    this.#heartbeat = setInterval(() => {
      const body = { session_id: parts.sessionId };
      // A missed heartbeat shows in the next request, which has a caller to tell.
      parts.client.post('session_heartbeat', body, true).catch(() => undefined);
    }, parts.traits.heartbeatMs).unref();
  }

  encode(text: string): Promise<number[]> {
    return this.#parts.tokenizer.encode(text);
  }

  async encodeCompletion(text: string): Promise<number[]> {
    const { tokenizer, endTokens } = this.#parts;
    // Models for chat have several, and the tokenizer names the one that ends a turn.
    this.#endToken ??= tokenizer
      .endToken()
      .then((token) => (token !== undefined && endTokens.includes(token) ? token : endTokens[0]));
    const end = await this.#endToken;
    return [...(await tokenizer.encodePart(text)), ...(end === undefined ? [] : [end])];
  }

  decode(tokens: readonly number[]): Promise<string> {
    return this.#parts.tokenizer.decode(tokens);
  }

  tokenTexts(tokens: readonly number[]): Promise<string[]> {
    return this.#parts.tokenizer.texts(tokens);
  }

  encodeChat(messages: readonly ChatMessage[]): Promise<number[] | undefined> {
    return this.#parts.tokenizer.encodeChat(messages);
  }

  async sample(
    requests: readonly SampleRequest[],
    parameters: SamplingParameters,
    signal?: AbortSignal,
  ): Promise<Completion[][]> {
    if (requests.length === 0) return [];
    refuseSampling(this.#parts.traits, parameters);
    const session = await this.#samplingSession(parameters.weights ?? 'trained', signal);
    const batches = this.#parts.extensions.asample_batch === true;
    const results = batches
      ? await this.#sampleBatches(session, requests, parameters, signal)
      : await this.#sampleEach(session, requests, parameters, signal);
    return results.flat();
  }

  #sampleBatches(
    session: string,
    requests: readonly SampleRequest[],
    parameters: SamplingParameters,
    signal?: AbortSignal,
  ): Promise<Completion[][][]> {
    const parts = splitByPromptTokens(requests);
    return Promise.all(
      parts.map((part, index) => {
        // The same seed for two requests would give equal prompts equal completions.
        const seed = parameters.seed + index;
        return this.#sampleBatch(session, part, { ...parameters, seed }, signal);
      }),
    );
  }

  /** Such servers draw a request's sample number i with its seed plus i, so seeds keep that distance. */
  #sampleEach(
    session: string,
    requests: readonly SampleRequest[],
    parameters: SamplingParameters,
    signal?: AbortSignal,
  ): Promise<Completion[][][]> {
    const { traits, endTokens } = this.#parts;
    let seed = parameters.seed % SEEDS;
    return Promise.all(
      requests.map((request) => {
        const own = { ...parameters, seed };
        seed += request.samples;
        const stop = traits.knowsEndTokens ? [] : endTokens;
        return this.#sampleOne(session, request, own, stop, signal);
      }),
    );
  }

  async #sampleBatch(
    session: string,
    requests: readonly SampleRequest[],
    parameters: SamplingParameters,
    signal?: AbortSignal,
  ): Promise<Completion[][]> {
    const { maximumTokens } = parameters;
    const sampling_params = wireSampling(parameters);
    const items = requests.map(({ promptTokens, samples }) => ({
      prompt: encodedText(promptTokens),
      num_samples: samples,
    }));
    const reply = await this.#compute<unknown>(
      'asample_batch',
      { ...this.#samplingIdentity(session), items, sampling_params },
      { signal, replyBytes: samplesBytes(requests, maximumTokens) },
    );
    const replies = listIn(reply, 'items');
    return requests.map((request, index) =>
      completions(request, sequencesIn(replies[index], 'sequences')),
    );
  }

  async #sampleOne(
    session: string,
    request: SampleRequest,
    parameters: SamplingParameters,
    stop: readonly number[],
    signal?: AbortSignal,
  ): Promise<Completion[][]> {
    const reply = await this.#compute<unknown>(
      'asample',
      {
        ...this.#samplingIdentity(session),
        prompt: encodedText(request.promptTokens),
        num_samples: request.samples,
        sampling_params: wireSampling(parameters, stop),
      },
      { signal, replyBytes: samplesBytes([request], parameters.maximumTokens) },
    );
    return [completions(request, sequencesIn(reply, 'sequences'))];
  }

  async logProbabilities(
    data: readonly TrainingDatum[],
    signal?: AbortSignal,
    temperature = 1,
  ): Promise<number[][]> {
    refuseTemperature(this.#parts.traits, temperature);
    const results: number[][] = [];
    const limit = this.#parts.extensions.maximum_request_bytes;
    // A cross-entropy is that of temperature 1, at every server.
    const loss =
      temperature === 1
        ? { loss_fn: 'cross_entropy', loss_fn_config: {} }
        : { loss_fn: 'importance_sampling', loss_fn_config: { temperature } };
    const toWire = temperature === 1 ? scoringDatum : policyScoringDatum;
    for (const batch of trainingBatches(data, toWire, limit)) {
      const reply = await this.#computeInOrder<unknown>(
        'forward',
        { forward_input: { data: batch.data, ...loss } },
        signal,
        batchBytes(batch),
      );
      results.push(...completionLogProbabilities(reply, batch));
    }
    return results;
  }

  async scoreTokens(
    data: readonly Pick<TrainingDatum, 'promptTokens' | 'completionTokens'>[],
    signal?: AbortSignal,
  ): Promise<TokenScore[][]> {
    const { extensions, traits } = this.#parts;
    if (extensions.top_tokens !== true) refuseTopTokens(traits);
    const results: TokenScore[][] = [];
    const bare = data.map((datum) => ({ ...datum, logProbabilities: [], advantages: [] }));
    const scoring = { loss_fn: 'cross_entropy', loss_fn_config: {}, top_tokens: true };
    for (const batch of trainingBatches(bare, scoringDatum, extensions.maximum_request_bytes)) {
      const reply = await this.#computeInOrder<unknown>(
        'forward',
        { forward_input: { data: batch.data, ...scoring } },
        signal,
        NUMBERS_OF_A_SCORE * batchBytes(batch),
      );
      results.push(...completionScores(reply, batch));
    }
    return results;
  }

  async update(
    objectives: readonly Objective[],
    adam: AdamParameters,
    signal?: AbortSignal,
  ): Promise<UpdateResult> {
    for (const { loss } of objectives) refuseUpdate(this.#parts.traits, loss, adam);
    this.#refuseInterrupted();
    // Until the step is known to be taken, gradients on the server may be half a batch's.
    this.#updateInterrupted = true;
    const passes: ForwardPass[] = [];
    for (const objective of objectives) passes.push(await this.#accumulate(objective, signal));
    const step = await this.#computeInOrder<unknown>(
      'optim_step',
      { adam_params: wireAdam(adam) },
      signal,
    );
    this.#endSamplingSessions();
    this.#updateInterrupted = false;
    return {
      logProbabilities: passes.map(({ logProbabilities }) => logProbabilities),
      metrics: combineMetrics(passes[0]?.metrics ?? [], metricsIn(step, 'metrics')),
    };
  }

  /** Adds the gradients of an objective to those since the last step. */
  async #accumulate({ data, loss }: Objective, signal?: AbortSignal): Promise<ForwardPass> {
    const logProbabilities: (readonly number[])[] = [];
    const metrics: Readonly<Record<string, number>>[] = [];
    const loss_fn = loss.kind;
    const loss_fn_config = lossSettings(loss);
    const limit = this.#parts.extensions.maximum_request_bytes;
    const batches =
      loss.kind === 'cross_entropy'
        ? trainingBatches(data, crossEntropyDatum, limit)
        : this.#policyBatches(data);
    for (const batch of batches) {
      const forward_backward_input = { data: batch.data, loss_fn, loss_fn_config };
      const reply = await this.#computeInOrder<unknown>(
        'forward_backward',
        { forward_backward_input },
        signal,
        batchBytes(batch),
      );
      logProbabilities.push(...completionLogProbabilities(reply, batch));
      metrics.push(metricsIn(reply, 'metrics'));
    }
    return { logProbabilities, metrics };
  }

  #policyBatches(data: readonly TrainingDatum[]): TrainingBatch[] {
    const { traits, extensions } = this.#parts;
    const weighted =
      traits.lossReduction === 'mean-of-sequence-means' ? advantagesForSequenceMeans(data) : data;
    const toWire = traits.weighsPolicyLoss ? weightedPolicyDatum : policyDatum;
    return trainingBatches(weighted, toWire, extensions.maximum_request_bytes);
  }

  #refuseInterrupted(): void {
    if (!this.#updateInterrupted) return;
    throw new ProblemError({
      code: 'update_interrupted',
      message:
        'An earlier update was interrupted, so the engine may hold gradients of half a batch.',
      remedy: 'Load the last checkpoint before the next update.',
    });
  }

  async saveCheckpoint(name: string, signal?: AbortSignal): Promise<string> {
    const saved = await this.#computeInOrder<unknown>('save_weights', { path: name }, signal);
    const folder = this.#parts.checkpointFolder;
    return folder === undefined ? textIn(saved, 'path') : path.join(folder, name);
  }

  /** `location` is what `saveCheckpoint` resolved with, in this run or an earlier one. */
  async loadCheckpoint(location: string, signal?: AbortSignal): Promise<void> {
    const { traits, models } = this.#parts;
    if (traits.loads === 'first-request' && this.#sequence > 0) {
      // Its place has to be free before another model can have it.
      await models.unload(this.#modelId, signal);
      this.#modelId = await models.create(signal);
      this.#sequence = 0;
    }
    const wirePath = location.includes('://')
      ? location
      : `tinker://${this.#modelId}/weights/${this.#checkpointName(location)}`;
    await this.#computeInOrder('load_weights', { path: wirePath, optimizer: true }, signal);
    this.#endSamplingSessions();
    this.#updateInterrupted = false;
  }

  #checkpointName(location: string): string {
    const folder = this.#parts.checkpointFolder;
    if (folder !== undefined && path.dirname(path.resolve(location)) === path.resolve(folder)) {
      return path.basename(location);
    }
    throw new ProblemError({
      code: 'checkpoint_not_found',
      message: `Checkpoint ${location} is not in the engine's checkpoint folder ${folder ?? '(none)'}.`,
      remedy: 'Open the engine with the folder that holds the checkpoint.',
    });
  }

  async close(): Promise<void> {
    clearInterval(this.#heartbeat);
    this.#parts.tokenizer.close();
    const unload = { model_id: this.#modelId };
    try {
      // One that does not answer is not waited for: its process is ended next.
      await this.#parts.client.post('unload_model', unload, false, AbortSignal.timeout(UNLOAD_MS));
    } catch {
      // A server that is gone has unloaded its models already.
    }
    await this.#parts.release();
  }

  async #samplingSession(weights: SampledWeights, signal?: AbortSignal): Promise<string> {
    const known = this.#samplingSessions.get(weights);
    if (known !== undefined) return known;
    const opened =
      weights === 'start'
        ? await this.#sampleBaseModel(signal)
        : await this.#sampleTrainedModel(weights, signal);
    this.#samplingSessions.set(weights, opened);
    return opened;
  }

  /** The weights have changed; those that training began with have not. */
  #endSamplingSessions(): void {
    this.#samplingSessions.delete('trained');
    this.#samplingSessions.delete('average');
  }

  async #sampleTrainedModel(weights: SampledWeights, signal?: AbortSignal): Promise<string> {
    this.#samplingSequence += 1;
    const reply = await this.#computeInOrder<unknown>(
      'save_weights_for_sampler',
      {
        sampling_session_seq_id: this.#samplingSequence,
        // Ours, and sent only where asked for.
        ...(weights !== 'trained' && { weights }),
      },
      signal,
    );
    return textIn(reply, 'sampling_session_id');
  }

  async #sampleBaseModel(signal?: AbortSignal): Promise<string> {
    const { client, sessionId, models } = this.#parts;
    this.#samplingSequence += 1;
    const reply = await client.post<unknown>(
      'create_sampling_session',
      {
        session_id: sessionId,
        sampling_session_seq_id: this.#samplingSequence,
        base_model: models.baseModel,
      },
      true,
      signal,
    );
    return textIn(reply, 'sampling_session_id');
  }

  #samplingIdentity(session: string): object {
    this.#samplingSequence += 1;
    return { sampling_session_id: session, seq_id: this.#samplingSequence };
  }

  /** A request of the model, in the order of the calls of this method. */
  #computeInOrder<T>(
    route: string,
    body: object,
    signal?: AbortSignal,
    replyBytes?: number,
  ): Promise<T> {
    // An aborted call must not take a number that the server would then wait for.
    if (signal?.aborted === true) return Promise.reject(abortReason(signal));
    this.#sequence += 1;
    const identity = { model_id: this.#modelId, seq_id: this.#sequence };
    const repeatable = this.#parts.traits.repeatsBySequence;
    return this.#compute<T>(route, { ...identity, ...body }, { signal, repeatable, replyBytes });
  }

  #compute<T>(
    route: string,
    body: object,
    options: Omit<ComputeOptions, 'cancelRoute'>,
  ): Promise<T> {
    const cancelRoute = this.#parts.extensions.cancel_future === true ? 'cancel_future' : undefined;
    return this.#parts.client.compute<T>(route, body, { ...options, cancelRoute });
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

/** The longest answer to a request for samples. */
function samplesBytes(requests: readonly SampleRequest[], maximumTokens: number): number {
  const samples = requests.reduce((sum, request) => sum + request.samples, 0);
  // Some servers also give the log-probabilities of the prompts, asked or not.
  const prompts = requests.reduce((sum, request) => sum + request.promptTokens.length, 0);
  return replyBytes(samples, samples * maximumTokens + prompts);
}

/** The longest answer to a batch of training data: numbers for each of its tokens. */
function batchBytes({ data }: TrainingBatch): number {
  const lengths = data.map((datum) => datum.loss_fn_inputs.target_tokens.data.length);
  return replyBytes(
    data.length,
    lengths.reduce((sum, length) => sum + length, 0),
  );
}
