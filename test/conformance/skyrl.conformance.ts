/**
 * A real SkyRL server (JAX, on the CPU) meets the contract through what `serverTraits.ts` declares of
 * it, and still has the differences that are declared there.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, expect, test } from 'vitest';

import type { TinkerEngine } from '../../server/src/engine/tinker/tinkerEngine.ts';
import type { RemoteEngineOptions } from '../../server/src/engine/openEngine.ts';
import { connectEngine } from '../../server/src/engine/openEngine.ts';
import { TinkerClient } from '../../server/src/engine/tinker/tinkerClient.ts';
import { wireAdam } from '../../server/src/engine/tinker/tinkerMessages.ts';
import { NO_STEP } from '../../server/src/engine/tinker/tinkerModels.ts';
import { weightedPolicyDatum } from '../../server/src/engine/tinker/trainingBatches.ts';
import { CONTRACT_MODEL, testEngineContract } from '../engine/engineContract.ts';
import { installSkyrl } from './skyrlEnvironment.ts';
import type { SkyrlServer } from './skyrlServer.ts';
import { startSkyrl } from './skyrlServer.ts';

const modelFolder = path.resolve(import.meta.dirname, '../../server/models/azr-nano');
const scratch = mkdtempSync(path.join(tmpdir(), 'azr-skyrl-'));
let server: SkyrlServer | undefined;

afterAll(async () => {
  await server?.close();
  rmSync(scratch, { recursive: true });
});

/** The server at AZR_CONFORMANCE_URL, which has to serve the embedded model, or one started here. */
async function reachSkyrl(): Promise<SkyrlServer> {
  const url = process.env['AZR_CONFORMANCE_URL'];
  if (url !== undefined) return { url, close: () => Promise.resolve() };
  await installSkyrl();
  return startSkyrl(modelFolder, scratch);
}

function open(changes: Partial<RemoteEngineOptions> = {}): Promise<TinkerEngine> {
  return connectEngine({
    url: server!.url,
    apiKey: '',
    server: 'skyrl-jax',
    tokenizerFolder: modelFolder,
    ...CONTRACT_MODEL,
    ...changes,
  });
}

testEngineContract(
  async () => {
    server = await reachSkyrl();
    return { open, modelFolder, endToken: 1 };
  },
  { logProbability: 1e-4, gradientNorm: 1e-3, continued: 1e-5 },
);

test('it declares nothing of itself, and is refused while nobody names it', async () => {
  const client = new TinkerClient({ url: server!.url, apiKey: '' });
  const capabilities = await client.get<object>('get_server_capabilities');
  expect(capabilities).toEqual({ supported_models: [{ model_name: modelFolder }] });
  await expect(open({ server: 'auto' })).rejects.toMatchObject({ code: 'engine_server_unknown' });
});

test('what it would do otherwise than asked is refused', async () => {
  await expect(open({ trainable: 'full' })).rejects.toMatchObject({
    code: 'full_fine_tuning_unsupported',
  });
  await expect(open({ loraAlpha: 16 })).rejects.toMatchObject({ code: 'lora_alpha_unsupported' });
  const adam = { ...NO_STEP, gradientClipNorm: 1 };
  const updates = [{ loss: { kind: 'importance_sampling' }, adam }] as const;
  await expect(open({ updates })).rejects.toMatchObject({ code: 'gradient_clipping_unsupported' });
});

/** Raw requests, without what our client does about the difference. */
async function rawModel(client: TinkerClient): Promise<string> {
  const session = { tags: [], user_metadata: {}, sdk_version: 'test' };
  const { session_id } = await client.post<{ session_id: string }>('create_session', session, true);
  const { model_id } = await client.compute<{ model_id: string }>(
    'create_model',
    { session_id, base_model: modelFolder, lora_config: { rank: 4, seed: 1 } },
    {},
  );
  return model_id;
}

async function rawStep(client: TinkerClient, model_id: string): Promise<number> {
  const body = { model_id, adam_params: { ...wireAdam(NO_STEP), grad_clip_norm: 1e-9 } };
  const { metrics } = await client.compute<{ metrics: Readonly<Record<string, number>> }>(
    'optim_step',
    body,
    {},
  );
  return metrics['skyrl.ai/grad_norm']!;
}

test('it means over a sequence, ignores a clip norm, and keeps gradients of models that are gone', async () => {
  const client = new TinkerClient({ url: server!.url, apiKey: '' });
  const datum = {
    promptTokens: [5, 6, 7],
    completionTokens: [8, 9, 10, 11],
    logProbabilities: [-1, -1, -1, -1],
    advantages: [1, 0, 0, 0],
  };
  const short = { ...datum, completionTokens: [8], logProbabilities: [-1], advantages: [1] };
  const first = await rawModel(client);
  const accumulate = (model_id: string, one: typeof datum): Promise<unknown> =>
    client.compute(
      'forward_backward',
      {
        model_id,
        forward_backward_input: {
          data: [weightedPolicyDatum(one)],
          loss_fn: 'importance_sampling',
        },
      },
      {},
    );
  await accumulate(first, datum);
  const diluted = await rawStep(client, first);
  await accumulate(first, short);
  const alone = await rawStep(client, first);
  expect(diluted).toBeGreaterThan(1e-6);
  expect(alone / diluted).toBeCloseTo(4, 2);

  await accumulate(first, short);
  await client.compute('unload_model', { model_id: first }, {});
  const second = await rawModel(client);
  expect(await rawStep(client, second)).toBeCloseTo(alone, 4);
  await accumulate(second, short);
  await client.compute('unload_model', { model_id: second }, {});

  const engine = await open();
  try {
    const update = await engine.update(
      [{ data: [{ ...short, advantages: [0] }], loss: { kind: 'importance_sampling' } }],
      NO_STEP,
    );
    expect(update.metrics['gradientNorm']).toBe(0);
  } finally {
    await engine.close();
  }
});
