/** Every declared difference of servers, with values worked out by hand. */
import path from 'node:path';

import { afterEach, describe, expect, test } from 'vitest';

import type { TrainingDatum } from '../../server/protocol/engine.ts';
import type { RemoteEngineOptions } from '../../server/src/engine/openEngine.ts';
import { connectEngine } from '../../server/src/engine/openEngine.ts';
import {
  refuseModel,
  refuseSampling,
  refuseUpdate,
} from '../../server/src/engine/refuseUnsuitable.ts';
import { advantagesForSequenceMeans } from '../../server/src/engine/tinker/sequenceMeans.ts';
import { serverTraits } from '../../server/src/engine/tinker/serverTraits.ts';
import { wireAdam } from '../../server/src/engine/tinker/tinkerMessages.ts';
import type { RecordingServer } from './recordingServer.ts';
import { startRecordingServer } from './recordingServer.ts';

const OURS = {
  server: 'azr_engine',
  loss_reduction: 'sum',
  grad_clip_norm: true,
  full_fine_tuning: true,
  losses: ['cross_entropy', 'importance_sampling', 'ppo', 'cispo'],
};
const jax = serverTraits(undefined, 'skyrl-jax');
const train = serverTraits(undefined, 'skyrl-train');
const tinker = serverTraits(undefined, 'tinker');
const ours = serverTraits(OURS);

const PPO = { kind: 'ppo', clipLow: 0.2, clipHigh: 0.28 } as const;
const ADAM = {
  learningRate: 0.001,
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0,
  gradientClipNorm: 0,
};
const long: TrainingDatum = {
  promptTokens: [1, 2, 3],
  completionTokens: [4, 5],
  logProbabilities: [-1, -2],
  advantages: [0.5, -0.25],
};
const short: TrainingDatum = {
  promptTokens: [1],
  completionTokens: [6],
  logProbabilities: [-0.5],
  advantages: [1],
};

describe('recognition', () => {
  test('a server that declares nothing has to be named; one that does must not be named otherwise', () => {
    expect(() => serverTraits(undefined)).toThrow(
      expect.objectContaining({ code: 'engine_server_unknown' }),
    );
    expect(() => serverTraits(OURS, 'skyrl-jax')).toThrow(
      expect.objectContaining({ code: 'engine_server_mismatch' }),
    );
    expect(ours).toMatchObject({ server: 'azr_engine', lossReduction: 'sum', loads: 'any-time' });
  });

  test('a declared reduction that is no sum is refused, and so is none', () => {
    for (const declared of [{ loss_reduction: 'mean' }, {}]) {
      expect(() => serverTraits(declared)).toThrow(
        expect.objectContaining({ code: 'loss_reduction_unsupported' }),
      );
    }
  });
});

describe('what a server would do otherwise than asked is refused', () => {
  const refusal = (code: string) => expect.objectContaining({ code }) as Error;

  test('adapters of another scale, and all weights where only adapters are trained', () => {
    refuseModel(jax, { trainable: 'lora', loraAlpha: 32, loraDropout: 0 });
    expect(() => {
      refuseModel(jax, { trainable: 'lora', loraAlpha: 16, loraDropout: 0 });
    }).toThrow(refusal('lora_alpha_unsupported'));
    refuseModel(ours, { trainable: 'lora', loraAlpha: 16, loraDropout: 0 });
    for (const traits of [jax, tinker]) {
      expect(() => {
        refuseModel(traits, { trainable: 'full', loraAlpha: 32, loraDropout: 0 });
      }).toThrow(refusal('full_fine_tuning_unsupported'));
    }
    refuseModel(train, { trainable: 'full', loraAlpha: 16, loraDropout: 0 });
    refuseModel(ours, { trainable: 'full', loraAlpha: 16, loraDropout: 0 });
  });

  test('gradient clipping where a server has none', () => {
    const clipped = { ...ADAM, gradientClipNorm: 1 };
    refuseUpdate(jax, PPO, ADAM);
    refuseUpdate(ours, PPO, clipped);
    refuseUpdate(tinker, PPO, clipped);
    expect(() => {
      refuseUpdate(jax, PPO, clipped);
    }).toThrow(refusal('gradient_clipping_unsupported'));
  });

  test('an optimizer other than the one that a server fixed at its start', () => {
    const fixed = { ...ADAM, beta2: 0.999, weightDecay: 0.01, gradientClipNorm: 1 };
    refuseUpdate(train, PPO, fixed);
    expect(() => {
      refuseUpdate(train, PPO, ADAM);
    }).toThrow(
      expect.objectContaining({
        code: 'optimizer_unsupported',
        message: expect.stringContaining(
          'asks for adamBeta2 0.95, weightDecay 0, gradientClipNorm 0',
        ) as string,
        remedy: expect.stringContaining(
          'adamBeta2 to 0.999, weightDecay to 0.01, gradientClipNorm to 1',
        ) as string,
      }),
    );
  });

  test('a loss that a server computes otherwise', () => {
    const cispo = { ...PPO, kind: 'cispo' } as const;
    refuseUpdate(jax, cispo, ADAM);
    expect(() => {
      refuseUpdate(train, cispo, ADAM);
    }).toThrow(refusal('loss_unsupported'));
    const crossEntropy = { kind: 'cross_entropy' } as const;
    refuseUpdate(ours, crossEntropy, ADAM);
    expect(() => {
      refuseUpdate(jax, crossEntropy, ADAM);
    }).toThrow(
      expect.objectContaining({
        code: 'loss_unsupported',
        remedy: expect.stringContaining('goldLossWeight') as string,
      }),
    );
  });
});

describe('means over sequences', () => {
  test('advantages grow by the number of sequences times the tokens of their own', () => {
    // Two sequences: 2 · 2 tokens is 4 for the long one, 2 · 1 is 2 for the short one.
    expect(advantagesForSequenceMeans([long, short]).map(({ advantages }) => advantages)).toEqual([
      [2, -1],
      [2],
    ]);
  });

  test('the loss that SkyRL then takes is the sum that was meant', () => {
    const ratios = [[1.5, 0.5], [1.2]];
    const token = (ratio: number, advantage: number): number =>
      -Math.min(ratio * advantage, Math.min(Math.max(ratio, 0.8), 1.28) * advantage);
    // Of the advantages 0.5, −0.25 and 1: −min(0.75, 0.64) − min(−0.125, −0.2) − min(1.2, 1.2).
    const meant = -0.64 + 0.2 - 1.2;
    const sequences = advantagesForSequenceMeans([long, short]).map(({ advantages }, index) => {
      const losses = advantages.map((advantage, at) => token(ratios[index]![at]!, advantage));
      return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
    });
    expect((sequences[0]! + sequences[1]!) / 2).toBeCloseTo(meant, 12);
  });
});

describe('what only our own server has', () => {
  const extended = serverTraits({
    ...OURS,
    loss_temperature: true,
    entropy_bonus: true,
    weight_average: true,
    optimizers: ['adamw', 'muon'],
  });
  const cases = [
    ['temperature_unsupported', { ...PPO, temperature: 0.7 }, ADAM],
    ['entropy_bonus_unsupported', { ...PPO, entropyCoefficient: 0.001 }, ADAM],
    ['weight_average_unsupported', PPO, { ...ADAM, averageDecay: 0.9 }],
    ['muon_unsupported', PPO, { ...ADAM, optimizer: 'muon' }],
  ] as const;

  test.each(cases)('%s: refused elsewhere, where it asks for something', (code, loss, adam) => {
    refuseUpdate(extended, loss, adam);
    expect(() => {
      refuseUpdate(tinker, loss, adam);
    }).toThrow(expect.objectContaining({ code }) as Error);
    const nothing = { temperature: 1, entropyCoefficient: 0 };
    refuseUpdate(tinker, { ...PPO, ...nothing }, { ...ADAM, averageDecay: 0, optimizer: 'adamw' });
  });

  test('an optimizer is named over the wire only where it is another than AdamW', () => {
    expect(wireAdam({ ...ADAM, optimizer: 'muon' })).toEqual({
      ...{ learning_rate: 0.001, beta1: 0.9, beta2: 0.95, eps: 1e-8 },
      ...{ weight_decay: 0, grad_clip_norm: 0, optimizer: 'muon' },
    });
    expect(wireAdam({ ...ADAM, optimizer: 'adamw' })).toEqual(wireAdam(ADAM));
    expect(wireAdam(ADAM)).not.toHaveProperty('optimizer');
  });

  test('greedy answers and the first weights can be had from every server, the average cannot', () => {
    const parameters = { temperature: 0, maximumTokens: 4, seed: 1 };
    refuseSampling(tinker, { ...parameters, weights: 'start' });
    refuseSampling(extended, { ...parameters, temperature: 0.7, weights: 'average' });
    expect(() => {
      refuseSampling(tinker, { ...parameters, temperature: 0.7 });
    }).toThrow(expect.objectContaining({ code: 'temperature_unsupported' }) as Error);
    expect(() => {
      refuseSampling(tinker, { ...parameters, weights: 'average' });
    }).toThrow(expect.objectContaining({ code: 'weight_average_unsupported' }) as Error);
  });
});

describe('what goes over the wire', () => {
  const tokenizerFolder = path.resolve(import.meta.dirname, '../../server/models/azr-nano');
  let server: RecordingServer;
  afterEach(() => {
    server.close();
  });

  async function open(kind: RemoteEngineOptions['server'], models = ['served']) {
    server = await startRecordingServer({
      supported_models: models.map((model_name) => ({ model_name })),
    });
    return connectEngine({
      url: server.url,
      apiKey: '',
      server: kind,
      tokenizerFolder,
      trainable: 'lora',
      loraRank: 4,
      loraAlpha: 32,
      loraDropout: 0,
      seed: 9,
    });
  }

  test('SkyRL on JAX: weights, scaled advantages, own clips; a place is cleared before it is used', async () => {
    const engine = await open('skyrl-jax');
    expect(engine.description).toMatchObject({
      server: 'SkyRL (JAX)',
      model: 'served',
      device: new URL(server.url).host,
      contextTokens: 1024,
    });
    expect(server.noted.map(({ route }) => route)).toEqual([
      ...['get_server_capabilities', 'create_session'],
      ...['create_model', 'optim_step', 'unload_model', 'create_model', 'get_info'],
    ]);
    expect(server.bodies('optim_step')[0]).toMatchObject({
      model_id: 'm1',
      adam_params: { learning_rate: 0 },
    });
    // Alpha is not sent: it would be ignored.
    expect(server.bodies('create_model')[1]!['lora_config']).not.toHaveProperty('alpha');

    const { metrics } = await engine.update([{ data: [long, short], loss: PPO }], ADAM);
    expect(metrics).toEqual({ gradientNorm: 2 });
    const [{ forward_backward_input } = {}] = server.bodies('forward_backward') as {
      forward_backward_input?: {
        loss_fn_config: object;
        data: { loss_fn_inputs: Record<string, { data: number[] }> }[];
      };
    }[];
    expect(forward_backward_input?.loss_fn_config).toEqual({
      clip_low_threshold: 0.8,
      clip_high_threshold: 1.28,
    });
    const inputs = forward_backward_input!.data.map(({ loss_fn_inputs }) => loss_fn_inputs);
    expect(inputs[0]!['weights']!.data).toEqual([0, 0, 1, 1]);
    expect(inputs[0]!['advantages']!.data).toEqual([0, 0, 2, -1]);
    expect(inputs[1]!['weights']!.data).toEqual([1]);
    expect(inputs[1]!['advantages']!.data).toEqual([2]);
    await engine.close();
  });

  test('a server that averages gets the factor of a whole step, however many requests it takes', async () => {
    const engine = await open('skyrl-jax');
    // More than one request's 5,000,000 bytes, at 64 per token and 512 per sequence.
    const big = { ...long, promptTokens: new Array<number>(60_000).fill(1) };
    await engine.update([{ data: [big, big, short], loss: PPO }], ADAM);
    const sent = server.bodies('forward_backward') as {
      forward_backward_input: { data: { loss_fn_inputs: { advantages: { data: number[] } } }[] };
    }[];
    const last = sent.map(({ forward_backward_input }) =>
      forward_backward_input.data.map(({ loss_fn_inputs }) =>
        loss_fn_inputs.advantages.data.at(-1),
      ),
    );
    // 3 · 2 · −0.25 and 3 · 1 · 1.
    expect(last).toEqual([[-1.5], [-1.5, 3]]);
    await engine.close();
  });

  test('Tinker: no weights, advantages as they are', async () => {
    const engine = await open('tinker');
    await engine.update([{ data: [long], loss: PPO }], ADAM);
    const [{ forward_backward_input } = {}] = server.bodies('forward_backward') as {
      forward_backward_input?: { data: { loss_fn_inputs: object }[] };
    }[];
    expect(forward_backward_input!.data[0]!.loss_fn_inputs).toEqual({
      target_tokens: { data: [2, 3, 4, 5], dtype: 'int64', shape: [4] },
      logprobs: { data: [0, 0, -1, -2], dtype: 'float32', shape: [4] },
      advantages: { data: [0, 0, 0.5, -0.25], dtype: 'float32', shape: [4] },
    });
    await engine.close();
  });

  test('seeds of requests lie as far apart as their samples; end tokens are said where needed', async () => {
    const engine = await open('skyrl-jax');
    const requests = [
      { promptTokens: [3], samples: 4 },
      { promptTokens: [3], samples: 2 },
      { promptTokens: [3], samples: 1 },
    ];
    await engine.sample(requests, { temperature: 1, maximumTokens: 2, seed: 2 ** 31 - 2 });
    const parameters = server.bodies('asample').map((body) => body['sampling_params']);
    // 2³¹ − 2 modulo 2³⁰ is 2³⁰ − 2; the server adds up to 3, 1 and 0 to what it is given.
    expect(parameters).toMatchObject([
      { seed: 2 ** 30 - 2, stop: [1] },
      { seed: 2 ** 30 + 2, stop: [1] },
      { seed: 2 ** 30 + 4, stop: [1] },
    ]);
    await engine.close();

    const knowing = await open('skyrl-train');
    await knowing.sample(requests, { temperature: 1, maximumTokens: 2, seed: 1 });
    expect(server.bodies('asample')[0]!['sampling_params']).not.toHaveProperty('stop');
    await knowing.close();
  });

  test('the model before training is sampled by its name, in one session for the whole run', async () => {
    const engine = await open('tinker');
    const parameters = { temperature: 1, maximumTokens: 2, seed: 1 };
    const requests = [{ promptTokens: [3], samples: 1 }];
    await engine.sample(requests, { ...parameters, weights: 'start' });
    await engine.update([{ data: [short], loss: PPO }], ADAM);
    await engine.sample(requests, { ...parameters, weights: 'start' });
    await engine.sample(requests, parameters);
    expect(server.bodies('create_sampling_session')).toMatchObject([{ base_model: 'served' }]);
    const sessions = server.bodies('asample').map((body) => body['sampling_session_id']);
    expect(sessions).toEqual(['start', 'start', 'sampling']);
    await engine.close();
  });

  test('weights are loaded into a model that nothing was asked of', async () => {
    const engine = await open('tinker');
    await engine.loadCheckpoint('tinker://gone/weights/a');
    expect(server.bodies('load_weights')).toMatchObject([{ model_id: 'm1', seq_id: 1 }]);
    await engine.update([{ data: [short], loss: PPO }], ADAM);
    await engine.loadCheckpoint('tinker://gone/weights/b');
    expect(server.bodies('unload_model')).toMatchObject([{ model_id: 'm1' }]);
    expect(server.bodies('load_weights').at(-1)).toMatchObject({ model_id: 'm2', seq_id: 1 });
    await engine.close();
  });

  test('all weights are rank 0 for SkyRL, and of several models the run names one', async () => {
    server = await startRecordingServer({
      supported_models: [{ model_name: 'a' }, { model_name: 'b' }],
    });
    const options: RemoteEngineOptions = {
      url: server.url,
      apiKey: '',
      server: 'skyrl-train',
      tokenizerFolder,
      trainable: 'full',
      loraRank: 4,
      loraAlpha: 32,
      loraDropout: 0,
      seed: 9,
    };
    await expect(connectEngine(options)).rejects.toMatchObject({ code: 'model_not_named' });
    const engine = await connectEngine({ ...options, model: 'b' });
    expect(server.bodies('create_model')).toMatchObject([
      { base_model: 'b', lora_config: { rank: 0 } },
    ]);
    await engine.close();
  });
});
