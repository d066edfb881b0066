/** What is sent to create a model, and which servers are refused, on a server that only declares. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

import { afterEach, expect, test } from 'vitest';

import { updatesOf } from '../../server/src/method/training/optimizer.ts';
import { connectEngine, type RemoteEngineOptions } from '../../server/src/engine/openEngine.ts';
import type { Extensions } from '../../server/src/engine/tinker/wire.ts';
import { memoryDemand as memoryDemandOf } from '../../server/src/machine/memoryDemand.ts';
import { toySettings } from '../method/sampleTasks.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Bodies by route, newest last. */
type Seen = { readonly route: string; readonly body: Readonly<Record<string, unknown>> }[];

async function declaring(
  extensions: Extensions,
  refused?: string,
): Promise<{ seen: Seen; options: RemoteEngineOptions }> {
  const seen: Seen = [];
  const answers: Readonly<Record<string, object>> = {
    get_server_capabilities: { supported_models: [{ model_name: 'm' }], extensions },
    create_session: { session_id: 's' },
    create_model: { request_id: 'r' },
    retrieve_future: { model_id: 'a' },
    get_info: { model_name: 'm', is_lora: true },
  };
  const started = createServer((request, response) => {
    const route = (request.url ?? '').replace('/api/v1/', '');
    let text = '';
    request.on('data', (chunk) => (text += String(chunk)));
    request.on('end', () => {
      seen.push({ route, body: JSON.parse(text || '{}') as Record<string, unknown> });
      if (route === refused) response.statusCode = 400;
      response.end(JSON.stringify(answers[route] ?? {}));
    });
  });
  server = started;
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  const { port } = started.address() as AddressInfo;
  return {
    seen,
    options: {
      url: `http://127.0.0.1:${port}`,
      apiKey: 'key',
      tokenizerFolder: path.join(import.meta.dirname, '../../server/models/azr-nano'),
      trainable: 'lora',
      loraRank: 4,
      loraAlpha: 8,
      loraDropout: 0.1,
      seed: 3,
    },
  };
}

test('the dropout of adapters travels with their other settings', async () => {
  const { seen, options } = await declaring({
    loss_reduction: 'sum',
    lora_dropout: { settable: true },
  });
  const engine = await connectEngine(options);
  await engine.close();
  const created = seen.find(({ route }) => route === 'create_model');
  expect(created?.body['lora_config']).toEqual({
    ...{ rank: 4, alpha: 8, dropout: 0.1, seed: 3 },
    ...{ train_attn: true, train_mlp: true, train_unembed: false },
  });
});

test('what a run demands of memory is sent to a server that plans by it, and to no other', async () => {
  const memoryDemand = memoryDemandOf(toySettings({ trainable: 'lora', loraRank: 4 }));
  for (const planning of [true, undefined]) {
    const { seen, options } = await declaring({
      ...{ loss_reduction: 'sum', lora_dropout: { settable: true } },
      ...(planning && { memory_demand: true }),
    });
    const engine = await connectEngine({ ...options, memoryDemand });
    await engine.close();
    const created = seen.find(({ route }) => route === 'create_model');
    expect(created?.body['memory_demand']).toEqual(planning && memoryDemand);
    server?.close();
  }
});

test('a server without such a setting is refused, unless none is asked for', async () => {
  const { seen, options } = await declaring({ loss_reduction: 'sum' });
  await expect(connectEngine(options)).rejects.toMatchObject({
    code: 'lora_dropout_unsupported',
    remedy: expect.stringContaining('loraDropout') as string,
  });
  const engine = await connectEngine({ ...options, loraDropout: 0 });
  await engine.close();
  const created = seen.find(({ route }) => route === 'create_model');
  expect(created?.body['lora_config']).not.toHaveProperty('dropout');
});

test.each([
  ['none', {}],
  ['AdamW alone', { optimizers: ['adamw'] }],
])('a server that lists %s is refused before a model is made for Muon', async (_, declared) => {
  const extensions = {
    ...{ loss_reduction: 'sum', grad_clip_norm: true, losses: ['ppo', 'cross_entropy'] },
    lora_dropout: { settable: true },
  };
  const settings = { goldLossWeight: 1, goldUpdatesPerStep: 1, goldOptimizer: 'muon' } as const;
  const updates = updatesOf(toySettings(settings));
  const refused = await declaring({ ...extensions, ...declared });
  await expect(connectEngine({ ...refused.options, updates })).rejects.toMatchObject({
    code: 'muon_unsupported',
    remedy: expect.stringContaining('Set goldOptimizer to adamw') as string,
  });
  expect(refused.seen.map(({ route }) => route)).toEqual(['get_server_capabilities']);
  server?.close();

  const able = await declaring({ ...extensions, optimizers: ['adamw', 'muon'] });
  const engine = await connectEngine({ ...able.options, updates });
  await engine.close();
});

test('a model whose server cannot say what it is is given back', async () => {
  const { seen, options } = await declaring(
    { loss_reduction: 'sum', lora_dropout: { settable: true } },
    'get_info',
  );
  await expect(connectEngine(options)).rejects.toMatchObject({ code: 'engine_refused' });
  expect(seen.find(({ route }) => route === 'unload_model')?.body).toMatchObject({ model_id: 'a' });
});
