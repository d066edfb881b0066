/** The client against a scripted server that fails the way networks and servers do. */
import { ProblemError } from '../../server/protocol/problem.ts';
import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, expect, test } from 'vitest';

import { combineMetrics } from '../../server/src/engine/tinker/metrics.ts';
import type { TinkerClientOptions } from '../../server/src/engine/tinker/tinkerClient.ts';
import { TinkerClient } from '../../server/src/engine/tinker/tinkerClient.ts';
import { policyDatum, trainingBatches } from '../../server/src/engine/tinker/trainingBatches.ts';

type Answer = { readonly status: number; readonly body: object } | 'hang up' | 'stay silent';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A server that gives these answers in turn, and the requests it has seen. */
async function scripted(
  answers: Answer[],
  options: Partial<TinkerClientOptions> = {},
): Promise<{ client: TinkerClient; seen: string[] }> {
  const seen: string[] = [];
  const started = createServer((request, response) => {
    void readText(request).then((text) => {
      seen.push(`${request.url ?? ''} ${text}`);
      const answer = answers.shift() ?? { status: 500, body: { error: 'script ended' } };
      if (answer === 'stay silent') return;
      if (answer === 'hang up') {
        request.socket.destroy();
        return;
      }
      response.writeHead(answer.status).end(JSON.stringify(answer.body));
    });
  });
  server = started;
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  const { port } = started.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return { client: new TinkerClient({ url, apiKey: 'key', ...options }), seen };
}

async function readText(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

const accepted: Answer = { status: 200, body: { request_id: 'r1' } };

test('a request with a seq_id survives hang-ups and busy servers, sent under the same number', async () => {
  const { client, seen } = await scripted([
    'hang up',
    { status: 503, body: {} },
    accepted,
    { status: 408, body: {} },
    { status: 200, body: { type: 'try_again' } },
    'hang up',
    { status: 200, body: { value: 7 } },
  ]);
  await expect(client.compute('optim_step', { seq_id: 3 }, {})).resolves.toEqual({ value: 7 });
  expect(seen.slice(0, 3)).toEqual(new Array(3).fill('/api/v1/optim_step {"seq_id":3}'));
  expect(seen.slice(3)).toEqual(new Array(4).fill('/api/v1/retrieve_future {"request_id":"r1"}'));
});

test('a request without a seq_id is sent once', async () => {
  const { client, seen } = await scripted(['hang up', accepted]);
  await expect(client.compute('create_model', {}, {})).rejects.toMatchObject({
    code: 'engine_unreachable',
  });
  expect(seen).toHaveLength(1);
});

test('a server that would run a request twice is sent it once, seq_id or not', async () => {
  const { client, seen } = await scripted(['hang up', accepted]);
  await expect(
    client.compute('optim_step', { seq_id: 3 }, { repeatable: false }),
  ).rejects.toMatchObject({ code: 'engine_unreachable' });
  expect(seen).toHaveLength(1);
});

test('a poll that hangs is asked anew, once the server has said that it lives', async () => {
  const { client, seen } = await scripted(
    [
      accepted,
      'stay silent',
      { status: 200, body: { status: 'ok' } },
      { status: 200, body: { value: 7 } },
    ],
    { pollMs: 150 },
  );
  await expect(client.compute('asample', { seq_id: 1 }, {})).resolves.toEqual({ value: 7 });
  expect(seen.map((request) => request.split(' ')[0])).toEqual([
    '/api/v1/asample',
    '/api/v1/retrieve_future',
    '/api/v1/healthz',
    '/api/v1/retrieve_future',
  ]);
});

test('a server that does not know yet is not asked without a pause', async () => {
  const pending: Answer = { status: 200, body: { type: 'try_again' } };
  const { client } = await scripted([accepted, pending, pending, { status: 200, body: {} }]);
  const startedMs = Date.now();
  await client.compute('asample', { seq_id: 1 }, {});
  expect(Date.now() - startedMs).toBeGreaterThanOrEqual(900);
});

test('a refused key and a refused request say so, without the key', async () => {
  const { client } = await scripted([
    { status: 401, body: { detail: 'no' } },
    { status: 422, body: { detail: [{ loc: ['body', 'rank'], msg: 'too large', input: 99 }] } },
  ]);
  await expect(client.get('healthz')).rejects.toMatchObject({
    code: 'engine_key_refused',
    message: 'The engine refused the key it was sent (status 401).',
  });
  await expect(client.post('create_model', {}, false)).rejects.toMatchObject({
    message: 'The engine did not take the request: body.rank: too large.',
  });
});

test("the server's code and remedy reach the caller", async () => {
  const error = { error: 'Too long.', code: 'prompt_too_long', remedy: 'Shorten it.' };
  const { client } = await scripted([accepted, { status: 200, body: error }]);
  const failure = await client.compute('asample', { seq_id: 1 }, {}).catch((e: unknown) => e);
  expect(failure).toBeInstanceOf(ProblemError);
  expect(failure).toMatchObject({
    message: 'Too long.',
    code: 'prompt_too_long',
    remedy: 'Shorten it.',
  });
});

test('an abort rejects at once and tells the server', async () => {
  const { client, seen } = await scripted([
    accepted,
    'stay silent',
    { status: 200, body: { type: 'cancel_future' } },
  ]);
  const abort = new AbortController();
  const pending = client.compute(
    'asample',
    { seq_id: 1 },
    { signal: abort.signal, cancelRoute: 'cancel_future' },
  );
  setTimeout(() => {
    abort.abort();
  }, 200);
  await expect(pending).rejects.toMatchObject({ name: 'AbortError' });
  expect(seen.at(-1)).toBe('/api/v1/cancel_future {"request_id":"r1"}');
});

test('metrics of several requests add up or are averaged by tokens', () => {
  const metrics = combineMetrics(
    [
      { 'loss:sum': 2, 'tokens:sum': 30, 'clip_fraction:mean': 0.1 },
      { 'loss:sum': 3, 'tokens:sum': 10, 'clip_fraction:mean': 0.5 },
    ],
    { 'grad_norm:mean': 4, 'skyrl.ai/learning_rate': 0.5 },
  );
  expect(metrics).toEqual({
    ...{ loss: 5, tokens: 40, clipFraction: 0.2, gradientNorm: 4 },
    learningRate: 0.5,
  });
});

test('training data is shifted by one, and split so that no request is too large', () => {
  const datum = {
    promptTokens: [1, 2, 3],
    completionTokens: [4, 5],
    logProbabilities: [-1, -2],
    advantages: [0.5, 0.5],
  };
  const batches = trainingBatches([datum, datum, datum], policyDatum, 2 * (5 * 64 + 512));
  expect(batches.map(({ data }) => data.length)).toEqual([2, 1]);
  expect(batches[0]!.completionStarts).toEqual([2, 2]);
  const { model_input, loss_fn_inputs } = batches[0]!.data[0]!;
  expect(model_input.chunks[0]!.tokens).toEqual([1, 2, 3, 4]);
  expect(loss_fn_inputs.target_tokens.data).toEqual([2, 3, 4, 5]);
  expect(loss_fn_inputs.logprobs?.data).toEqual([0, 0, -1, -2]);
  expect(loss_fn_inputs.advantages?.data).toEqual([0, 0, 0.5, 0.5]);
});
