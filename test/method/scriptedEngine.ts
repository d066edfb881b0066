/** An engine whose policy is a function: deterministic by seed, changed by every update. */
import { createHash } from 'node:crypto';

import type {
  AdamParameters,
  Completion,
  Engine,
  EngineDescription,
  Objective,
  SampleRequest,
  SamplingParameters,
  TrainingDatum,
  TrainingLoss,
} from '../../server/protocol/engine.ts';
import { RandomStream } from '../../server/src/method/randomStream.ts';
import type { Policy } from './linearWorld.ts';

const END = 0;

export interface SampleCall {
  readonly prompts: readonly string[];
  readonly samples: readonly number[];
  readonly parameters: SamplingParameters;
}

export interface UpdateCall {
  /** Of the first objective. */
  readonly data: readonly TrainingDatum[];
  readonly loss: TrainingLoss;
  readonly objectives: readonly Objective[];
  readonly adam: AdamParameters;
}

export class ScriptedEngine implements Engine {
  readonly description: EngineDescription;
  readonly sampleCalls: SampleCall[] = [];
  readonly updateCalls: UpdateCall[] = [];
  readonly scoringTemperatures: number[] = [];
  /** Names of the calls in order. */
  readonly calls: string[] = [];
  readonly checkpoints: Map<string, number>;
  policy: Policy;
  /** What the weights that training began with say; the policy's own where absent. */
  startPolicy: Policy | undefined;
  /** Called before every call is answered; a test may abort from here. */
  onCall: (name: string) => void = () => undefined;
  /** Stands for the weights: the sampled text depends on it, and every update changes it. */
  #weights = 0;

  constructor(
    policy: Policy,
    description: Partial<EngineDescription> = {},
    checkpoints = new Map<string, number>(),
  ) {
    this.policy = policy;
    this.checkpoints = checkpoints;
    this.description = {
      server: 'scripted',
      model: 'scripted',
      device: 'none',
      parameters: 1,
      trainable: 'full',
      contextTokens: 4096,
      samplerMatchesTrainer: true,
      ...description,
    };
  }

  async encode(text: string): Promise<number[]> {
    return encoded(text);
  }

  async encodeCompletion(text: string): Promise<number[]> {
    return [...encoded(text), END];
  }

  async decode(tokens: readonly number[]): Promise<string> {
    return decoded(tokens);
  }

  encodeChat(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async sample(
    requests: readonly SampleRequest[],
    parameters: SamplingParameters,
    signal?: AbortSignal,
  ): Promise<Completion[][]> {
    this.#enter('sample', signal);
    const prompts = requests.map(({ promptTokens }) => decoded(promptTokens));
    const samples = requests.map((request) => request.samples);
    this.sampleCalls.push({ prompts, samples, parameters });
    return prompts.map((prompt, request) =>
      Array.from({ length: samples[request] ?? 0 }, (_, index) => {
        // At temperature 0 a policy says the same every time.
        const place = parameters.temperature === 0 ? 0 : index;
        const isStart = parameters.weights === 'start';
        const random = new RandomStream(
          parameters.seed,
          isStart ? 0 : this.#weights,
          request,
          place,
        );
        const policy = isStart ? (this.startPolicy ?? this.policy) : this.policy;
        return this.#complete(policy(prompt, random), parameters.maximumTokens, random);
      }),
    );
  }

  #complete(text: string, maximumTokens: number, random: RandomStream): Completion {
    const whole = [...encoded(text), END];
    const tokens = whole.slice(0, maximumTokens);
    return {
      tokens,
      logProbabilities: tokens.map(() => -random.next()),
      stopReason: tokens.length < whole.length ? 'length' : 'stop',
    };
  }

  async logProbabilities(data: readonly TrainingDatum[], signal?: AbortSignal, temperature = 1) {
    this.#enter('logProbabilities', signal);
    this.scoringTemperatures.push(temperature);
    // The trainer finds every token twice as likely as the sampler did.
    return data.map((datum) => datum.logProbabilities.map((value) => value + Math.LN2));
  }

  async update(objectives: readonly Objective[], adam: AdamParameters, signal?: AbortSignal) {
    this.#enter('update', signal);
    const [{ data, loss }] = objectives as [Objective];
    this.updateCalls.push({ data, loss, objectives, adam });
    const digest = createHash('sha256')
      .update(JSON.stringify([this.#weights, ...objectives.map((one) => one.data)]))
      .digest();
    this.#weights = digest.readUInt32BE();
    // What has no sampler's log-probabilities gets its own, different from token to token.
    const logProbabilities = objectives.map((one) =>
      one.data.map((datum) =>
        one.loss.kind === 'cross_entropy'
          ? datum.completionTokens.map((token) => -(token % 8) / 16)
          : datum.logProbabilities,
      ),
    );
    return { logProbabilities, metrics: { loss: 2 } };
  }

  async saveCheckpoint(name: string, signal?: AbortSignal): Promise<string> {
    this.#enter('saveCheckpoint', signal);
    this.checkpoints.set(name, this.#weights);
    return name;
  }

  async loadCheckpoint(path: string): Promise<void> {
    const weights = this.checkpoints.get(path);
    if (weights === undefined) {
      throw new Error(`There is no checkpoint ${path}.`);
    }
    this.#weights = weights;
  }

  async close(): Promise<void> {
    this.calls.push('close');
  }

  #enter(name: string, signal: AbortSignal | undefined): void {
    this.calls.push(name);
    this.onCall(name);
    signal?.throwIfAborted();
  }
}

function encoded(text: string): number[] {
  return Array.from(text, (character) => character.codePointAt(0) ?? END);
}

function decoded(tokens: readonly number[]): string {
  return tokens
    .filter((token) => token !== END)
    .map((token) => String.fromCodePoint(token))
    .join('');
}
