/**
 * What every server of the dialect must do, as the loop needs it: one suite, run against our own
 * server by `npm test` and against a real SkyRL by `npm run conformance`.
 *
 * Adapters on the embedded model, float32, on a CPU. Sampled and trained numbers come from a server;
 * what they are compared with comes from transformers in float64 or is worked out by hand.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { Engine, PolicyLoss, TrainingDatum } from '../../server/protocol/engine.ts';
import { referenceLogProbabilities } from './referenceLogProbabilities.ts';

/** The model that every server of the contract is asked for. */
export const CONTRACT_MODEL = {
  trainable: 'lora',
  loraRank: 4,
  loraAlpha: 32,
  loraDropout: 0,
  seed: 1,
} as const;

export interface ContractServer {
  /** A new model with the base model's weights, the same at every call. */
  readonly open: () => Promise<Engine>;
  readonly modelFolder: string;
  readonly endToken: number;
}

export interface Tolerances {
  /** Largest difference of a log-probability from the float64 reference, and of sampler from trainer. */
  readonly logProbability: number;
  /** Largest relative difference of a gradient norm from what it must be. */
  readonly gradientNorm: number;
  /** Largest difference of a log-probability after loading, or after the same updates again. */
  readonly continued: number;
}

const PPO = { kind: 'ppo', clipLow: 0.2, clipHigh: 0.28 } as const;
const ADAM = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, gradientClipNorm: 0 };
const STILL = { ...ADAM, learningRate: 0 };
const MOVING = { ...ADAM, learningRate: 2e-3 };

export function testEngineContract(
  start: () => Promise<ContractServer>,
  { logProbability, gradientNorm, continued }: Tolerances,
): void {
  let server: ContractServer;
  let engine: Engine;
  /** Two sequences of different lengths, scored by the model as it is at first. */
  let data: readonly [TrainingDatum, TrainingDatum];

  beforeAll(async () => {
    server = await start();
    engine = await server.open();
    const first = await datum(engine, '[solve deduction]\n', 'def f(x)');
    const second = await datum(engine, 'x = [1, 2', ', 3]');
    const [scoredFirst, scoredSecond] = await scored(engine, [first, second]);
    data = [scoredFirst!, scoredSecond!];
  });
  afterAll(async () => {
    // Undefined when it could not be opened.
    await (engine as Engine | undefined)?.close();
  });

  /** Norm of the gradient of one update that moves nothing. */
  async function norm(batch: readonly TrainingDatum[], loss: PolicyLoss = PPO): Promise<number> {
    const { metrics } = await engine.update([{ data: batch, loss }], STILL);
    return metrics['gradientNorm']!;
  }

  function expectRatio(actual: number, expected: number): void {
    expect(Math.abs(actual / expected - 1)).toBeLessThan(gradientNorm);
  }

  test('the engine says what it is', () => {
    expect(engine.description).toMatchObject({ trainable: 'lora', contextTokens: 1024 });
  });

  test("log-probabilities are the model's, prompt and completion apart", () => {
    const expected = referenceLogProbabilities(server.modelFolder, data);
    expectClose(
      data.map((one) => one.logProbabilities),
      expected,
      logProbability,
    );
  });

  test('samples carry the log-probabilities that the trainer finds', async () => {
    const prompt = await engine.encode('[solve deduction]\n');
    const requests = [
      { promptTokens: prompt, samples: 4 },
      { promptTokens: prompt, samples: 4 },
    ];
    const parameters = { temperature: 1, maximumTokens: 24, seed: 7 };
    const groups = await engine.sample(requests, parameters);
    expect(groups.map(({ length }) => length)).toEqual([4, 4]);
    const drawn = groups.flat();
    // One prompt asked twice must not be answered alike, nor must the samples of a group.
    expect(new Set(drawn.map(({ tokens }) => tokens.join())).size).toBeGreaterThan(4);
    for (const { tokens, stopReason } of drawn) {
      expect(tokens.slice(0, -1)).not.toContain(server.endToken);
      if (stopReason === 'stop') expect(tokens.at(-1)).toBe(server.endToken);
      else expect(tokens).toHaveLength(24);
    }
    const sampled = drawn.map((completion) => ({
      promptTokens: prompt,
      completionTokens: completion.tokens,
      logProbabilities: completion.logProbabilities,
      advantages: [],
    }));
    expectClose(
      sampled.map((one) => one.logProbabilities),
      await engine.logProbabilities(sampled),
      logProbability,
    );
    const again = await engine.sample(requests, parameters);
    expect(again.flat().map(({ tokens }) => tokens)).toEqual(drawn.map(({ tokens }) => tokens));
  });

  test('token losses add up: neither sequences nor tokens dilute each other', async () => {
    const [first, second] = data;
    const alone = await norm([advantaged(first, 1)]);
    expect(alone).toBeGreaterThan(0);
    expectRatio(await norm([advantaged(first, 1), advantaged(second, 0)]), alone);
    expectRatio(await norm([advantaged(first, 1), advantaged(first, 1)]), 2 * alone);
    expectRatio(await norm([advantaged(first, -3)]), 3 * alone);
    // Its first token alone, with and without the tokens that follow and carry nothing.
    const head = { ...cut(first, 1), advantages: [1] };
    const whole = { ...first, advantages: first.advantages.map((_, token) => Number(token === 0)) };
    expectRatio(await norm([whole]), await norm([head]));
  });

  test('the ratio is clipped where the request says, not where the server would', async () => {
    const [first] = data;
    const alone = await norm([advantaged(first, 1)]);
    // 1.25 lies beyond every server's own upper threshold and within ours of 1.28.
    expectRatio(await norm([ratioOf(first, 1.25, 1)]), 1.25 * alone);
    expect(await norm([ratioOf(first, 1.35, 1)])).toBe(0);
    expectRatio(await norm([ratioOf(first, 1.35, -1)]), 1.35 * alone);
    expect(await norm([ratioOf(first, 0.75, -1)])).toBe(0);
  });

  test('a step at rate 0 changes nothing; one at a rate moves what it was asked to', async () => {
    const model = await server.open();
    try {
      const batch = [advantaged(data[0], 1), advantaged(data[1], -1)];
      await model.update([{ data: batch, loss: PPO }], STILL);
      const before = await model.logProbabilities(data);
      expectClose(
        before,
        data.map((one) => one.logProbabilities),
        continued,
      );
      const { logProbabilities } = await model.update([{ data: batch, loss: PPO }], MOVING);
      expectClose(logProbabilities[0]!, before, logProbability);
      const after = await model.logProbabilities(data);
      expect(sum(after[0]!)).toBeGreaterThan(sum(before[0]!) + 0.01);
      expect(sum(after[1]!)).toBeLessThan(sum(before[1]!) - 0.01);
    } finally {
      await model.close();
    }
  });

  test('training goes on after a load as if it had not stopped, here and in a new session', async () => {
    const batch = [advantaged(data[0], 1), advantaged(data[1], -1)];
    const model = await server.open();
    let checkpoint: string;
    let atSave: number[][];
    let later: number[][];
    try {
      await model.update([{ data: batch, loss: PPO }], MOVING);
      checkpoint = await model.saveCheckpoint('contract-1');
      atSave = await model.logProbabilities(data);
      later = await updated(model, batch, data);
      expect(Math.abs(sum(later[0]!) - sum(atSave[0]!))).toBeGreaterThan(0.01);

      await model.loadCheckpoint(checkpoint);
      expectClose(await model.logProbabilities(data), atSave, continued);
      expectClose(await updated(model, batch, data), later, continued);
    } finally {
      await model.close();
    }
    const other = await server.open();
    try {
      await other.loadCheckpoint(checkpoint);
      expectClose(await other.logProbabilities(data), atSave, continued);
      expectClose(await updated(other, batch, data), later, continued);
      // What is sampled after an update comes from the updated model.
      const [group] = await other.sample([{ promptTokens: data[0].promptTokens, samples: 4 }], {
        temperature: 1,
        maximumTokens: 24,
        seed: 3,
      });
      const sampled = group!.map((completion) => ({
        ...data[0],
        completionTokens: completion.tokens,
        logProbabilities: completion.logProbabilities,
      }));
      expectClose(
        sampled.map((one) => one.logProbabilities),
        await other.logProbabilities(sampled),
        logProbability,
      );
    } finally {
      await other.close();
    }
  });
}

async function updated(
  engine: Engine,
  batch: readonly TrainingDatum[],
  data: readonly TrainingDatum[],
): Promise<number[][]> {
  await engine.update([{ data: batch, loss: PPO }], MOVING);
  return engine.logProbabilities(data);
}

async function datum(engine: Engine, prompt: string, completion: string): Promise<TrainingDatum> {
  const completionTokens = await engine.encode(completion);
  const none = completionTokens.map(() => 0);
  return {
    promptTokens: await engine.encode(prompt),
    completionTokens,
    logProbabilities: none,
    advantages: none,
  };
}

async function scored(engine: Engine, data: readonly TrainingDatum[]): Promise<TrainingDatum[]> {
  const values = await engine.logProbabilities(data);
  return data.map((one, index) => ({ ...one, logProbabilities: values[index]! }));
}

function advantaged(one: TrainingDatum, advantage: number): TrainingDatum {
  return { ...one, advantages: one.completionTokens.map(() => advantage) };
}

/** The trainer's probability of every token is `ratio` times the sampler's. */
function ratioOf(one: TrainingDatum, ratio: number, advantage: number): TrainingDatum {
  return {
    ...advantaged(one, advantage),
    logProbabilities: one.logProbabilities.map((value) => value - Math.log(ratio)),
  };
}

function cut(one: TrainingDatum, tokens: number): TrainingDatum {
  return {
    promptTokens: one.promptTokens,
    completionTokens: one.completionTokens.slice(0, tokens),
    logProbabilities: one.logProbabilities.slice(0, tokens),
    advantages: one.advantages.slice(0, tokens),
  };
}

function expectClose(
  actual: readonly (readonly number[])[],
  expected: readonly (readonly number[])[],
  tolerance: number,
): void {
  expect(actual.map(({ length }) => length)).toEqual(expected.map(({ length }) => length));
  const differences = actual.flatMap((values, index) =>
    values.map((value, position) => Math.abs(value - expected[index]![position]!)),
  );
  expect(Math.max(...differences)).toBeLessThanOrEqual(tolerance);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
