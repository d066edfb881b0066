/** Whatever a server answers, the client finishes or says that the server is at fault. */
import { ProblemError } from '../../server/protocol/problem.ts';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

import { buffer } from 'node:stream/consumers';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { RandomStream } from '../../server/src/method/randomStream.ts';
import { connectEngine } from '../../server/src/engine/openEngine.ts';

const NANO = path.join(import.meta.dirname, '../../server/models/azr-nano');
const ROUNDS = 150;

/** Answers of a server that is all right. */
const ANSWERS: Readonly<Record<string, object>> = {
  get_server_capabilities: {
    supported_models: [{ model_name: 'm' }],
    extensions: {
      ...{ loss_reduction: 'sum', losses: ['importance_sampling'], grad_clip_norm: true },
      ...{ full_fine_tuning: true, asample_batch: true },
    },
  },
  create_session: { session_id: 's' },
  create_model: { model_id: 'm' },
  get_info: { model_name: 'm', is_lora: false, parameters: 1 },
  save_weights_for_sampler: { sampling_session_id: 'x' },
  asample_batch: {
    items: [{ sequences: [{ tokens: [5, 1], logprobs: [-1, -2], stop_reason: 'stop' }] }],
  },
  forward_backward: { loss_fn_outputs: [{ logprobs: { data: [-1, -1] } }], metrics: { loss: 1 } },
  optim_step: { metrics: {} },
  save_weights: { path: 'tinker://m/weights/c' },
  load_weights: {},
  unload_model: {},
};
const IMMEDIATE = new Set([
  ...['get_server_capabilities', 'create_session', 'get_info', 'unload_model'],
]);
const ROUTES = Object.keys(ANSWERS);

let server: Server;
let url: string;
/** What is wrong in this round, and with which answer. */
let broken: { readonly route: string; readonly spoil: (answer: object) => unknown } | undefined;
let asked = '';

beforeAll(async () => {
  server = createServer((request, response) => {
    void answer(request).then((value) => response.end(JSON.stringify(value)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function answer(request: IncomingMessage): Promise<unknown> {
  await buffer(request);
  const route = (request.url ?? '').replace('/api/v1/', '');
  const isFuture = route === 'retrieve_future';
  if (!isFuture && !IMMEDIATE.has(route)) {
    asked = route;
    return broken?.route === `${route} accepted`
      ? broken.spoil({ request_id: 'r' })
      : { request_id: 'r' };
  }
  const name = isFuture ? asked : route;
  const right = ANSWERS[name] ?? {};
  return broken?.route === name ? broken.spoil(right) : right;
}

/** Replaces one value somewhere inside, or the whole, by something else, or takes it away. */
function spoiler(random: RandomStream): (answer: object) => unknown {
  const junk: readonly unknown[] = [
    ...[null, true, -1, 1e300, '', 'x', [], [null], {}, { data: 'x' }, [[1]], undefined],
  ];
  const spoil = (value: unknown): unknown => {
    const isInner = typeof value === 'object' && value !== null && random.integer(4) > 0;
    const keys = isInner ? Object.keys(value) : [];
    const key = random.pick(keys);
    if (key === undefined) return random.pick(junk);
    const copy = structuredClone(value) as Record<string, unknown>;
    copy[key] = spoil(copy[key]);
    return copy;
  };
  return (whole) => spoil(whole) ?? null;
}

async function useEngine(): Promise<void> {
  const engine = await connectEngine({
    ...{ url, apiKey: 'k', trainable: 'full', loraRank: 1, loraAlpha: 1, loraDropout: 0, seed: 1 },
    tokenizerFolder: NANO,
  });
  try {
    const parameters = { temperature: 1, maximumTokens: 4, seed: 1 };
    const [[completion] = []] = await engine.sample(
      [{ promptTokens: [3], samples: 1 }],
      parameters,
    );
    const { tokens, logProbabilities } = completion!;
    expect(tokens.length).toBe(logProbabilities.length);
    await engine.decode(tokens);
    const advantages = [1, 1];
    const datum = {
      promptTokens: [3],
      completionTokens: [5, 1],
      logProbabilities: [-1, -2],
      advantages,
    };
    const adam = {
      ...{ learningRate: 1, beta1: 0.9, beta2: 0.9, epsilon: 1e-8, weightDecay: 0 },
      gradientClipNorm: 1,
    };
    const { metrics } = await engine.update(
      [{ data: [datum], loss: { kind: 'importance_sampling' } }],
      adam,
    );
    for (const value of Object.values(metrics)) expect(typeof value).toBe('number');
    await engine.loadCheckpoint(await engine.saveCheckpoint('c'));
  } finally {
    await engine.close();
  }
}

test('a server that is all right is worked with', async () => {
  broken = undefined;
  await useEngine();
});

test(`${String(ROUNDS)} spoilt answers, one at a time, are named as what they are`, async () => {
  const random = new RandomStream(20_261_126, 'engine answers');
  let refusals = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const route = random.pick([...ROUTES, 'create_model accepted', 'optim_step accepted'])!;
    broken = { route, spoil: spoiler(random) };
    try {
      await useEngine();
    } catch (error) {
      expect(error, `round ${String(round)}, ${route}`).toBeInstanceOf(ProblemError);
      expect((error as ProblemError).remedy).not.toBe('');
      refusals += 1;
    }
  }
  // Most of what can be spoilt is needed.
  expect(refusals).toBeGreaterThan(ROUNDS / 3);
}, 240_000);
