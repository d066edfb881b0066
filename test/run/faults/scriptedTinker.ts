/**
 * An engine server without a model, in a process of its own: it takes the place of
 * `python -m azr_engine`, speaks its dialect and keeps its promises (a request under a known number is
 * run once, a checkpoint is there whole or not at all, it ends with its standard input), so that the
 * real client, the real process supervision and the real command line run against it.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { FolderTokenizer } from '../../../server/src/engine/tokenizer/tokenizer.ts';
import { complete } from '../fixtures/scriptedEngine.ts';

/** Long enough that a kill can find the server in the middle of a request. */
const WORK_MS = 2;

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: '' },
    checkpoints: { type: 'string', default: '' },
    processes: { type: 'string' },
    'exit-with-stdin': { type: 'boolean' },
  },
});
const tokenizer = await FolderTokenizer.load(values.model);
const token = process.env['AZR_ENGINE_TOKEN'] ?? '';

/** A request of any route; each reads what its route promises. */
interface Body {
  readonly seq_id?: number;
  readonly request_id?: string;
  readonly items: readonly { readonly prompt: EncodedText; readonly num_samples: number }[];
  readonly sampling_params: object;
  readonly sampling_session_id: string;
  readonly forward_input: { readonly data: readonly Datum[] };
  readonly forward_backward_input: { readonly data: readonly Datum[] };
  readonly adam_params: object;
  readonly path: string;
}

const FIRST_POLICY = 'untrained';
/** The sampling session of the weights that training began with. */
const START_SESSION = 'start';

let policy = FIRST_POLICY;
let gradients: string[] = [];
const futures = new Map<string, Promise<object>>();

function digest(...parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}

function number(...parts: readonly unknown[]): number {
  return (parseInt(digest(...parts).slice(0, 8), 16) % 1000) / 1000;
}

interface EncodedText {
  readonly chunks: readonly { readonly tokens: readonly number[] }[];
}

interface Datum {
  readonly loss_fn_inputs: { readonly target_tokens: { readonly data: readonly number[] } };
}

async function sampled(
  prompt: EncodedText,
  samples: number,
  item: number,
  parameters: object,
  weights: string,
): Promise<object> {
  const text = await tokenizer.decode(prompt.chunks.flatMap(({ tokens }) => tokens));
  const sequences = Array.from({ length: samples }, async (_, sample) => {
    const key = [text, parameters, item, sample, weights];
    const tokens = await tokenizer.encode(complete(text, key));
    const logprobs = tokens.map((_, index) => -number(key, index));
    return { tokens, logprobs, stop_reason: 'stop' };
  });
  return { sequences: await Promise.all(sequences) };
}

function forward(data: readonly Datum[]): object[] {
  return data.map(({ loss_fn_inputs }) => ({
    logprobs: { data: loss_fn_inputs.target_tokens.data.map((token) => -(token % 8) / 16) },
  }));
}

const COMPUTE: Readonly<Record<string, (body: Body) => object | Promise<object>>> = {
  create_model: () => ({ model_id: 'model' }),
  save_weights_for_sampler: () => ({ sampling_session_id: 'sampler' }),
  asample_batch: async ({ items, sampling_params, sampling_session_id }) => {
    const weights = sampling_session_id === START_SESSION ? FIRST_POLICY : policy;
    return {
      items: await Promise.all(
        items.map((item, index) =>
          sampled(item.prompt, item.num_samples, index, sampling_params, weights),
        ),
      ),
    };
  },
  forward: ({ forward_input }) => ({
    loss_fn_outputs: forward(forward_input.data),
    metrics: {},
  }),
  forward_backward: ({ forward_backward_input }) => {
    gradients.push(digest(forward_backward_input));
    return {
      loss_fn_outputs: forward(forward_backward_input.data),
      metrics: { loss: number(policy, gradients) },
    };
  },
  optim_step: ({ adam_params }) => {
    policy = digest(policy, gradients, adam_params);
    gradients = [];
    return { metrics: { gradient_norm: number(policy) } };
  },
  save_weights: ({ path: name }) => {
    const folder = path.join(values.checkpoints, name);
    // As the engine names one that it is writing.
    const draft = path.join(values.checkpoints, `.${name}.${randomBytes(16).toString('hex')}`);
    mkdirSync(draft);
    writeFileSync(path.join(draft, 'policy'), policy);
    rmSync(folder, { recursive: true, force: true });
    renameSync(draft, folder);
    return { path: `tinker://model/weights/${name}` };
  },
  load_weights: ({ path: name }) => {
    policy = readFileSync(path.join(values.checkpoints, path.basename(name), 'policy'), 'utf8');
    gradients = [];
    return {};
  },
};

const extensions = {
  server: 'scripted',
  device: 'none',
  context_tokens: 4096,
  loss_reduction: 'sum',
  losses: ['ppo', 'importance_sampling', 'cispo', 'cross_entropy'],
  grad_clip_norm: true,
  full_fine_tuning: true,
  asample_batch: true,
  sampler_matches_trainer: true,
};

async function answer(route: string, body: Body): Promise<object | undefined> {
  const compute = COMPUTE[route];
  if (compute !== undefined) {
    const request_id = digest(route, body.seq_id ?? futures.size);
    if (!futures.has(request_id)) {
      futures.set(
        request_id,
        delay(WORK_MS).then(() => compute(body)),
      );
    }
    return { request_id };
  }
  switch (route) {
    case 'get_server_capabilities':
      return { supported_models: [{ model_name: 'scripted' }], extensions };
    case 'create_session':
      return { session_id: 'session' };
    case 'create_sampling_session':
      return { sampling_session_id: START_SESSION };
    case 'get_info':
      return { model_name: 'scripted', is_lora: false, parameters: 1 };
    case 'retrieve_future':
      return futures.get(body.request_id ?? '');
    case 'session_heartbeat':
    case 'unload_model':
      return {};
    default:
      return undefined;
  }
}

async function readBody(request: IncomingMessage): Promise<Body> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return JSON.parse(text === '' ? '{}' : text) as Body;
}

function isAllowed(request: IncomingMessage): boolean {
  const given = Buffer.from(String(request.headers['x-api-key']));
  return given.length === token.length && timingSafeEqual(given, Buffer.from(token));
}

const server = createServer((request, response) => {
  const route = (request.url ?? '').replace('/api/v1/', '');
  const reply = async (): Promise<void> => {
    const body = await readBody(request);
    const result = isAllowed(request) ? await answer(route, body) : undefined;
    response.writeHead(result === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(result ?? { error: `no such route: ${route}` }));
  };
  reply().catch((error: unknown) => {
    response.writeHead(500).end(JSON.stringify({ error: String(error), code: 'scripted' }));
  });
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ event: 'listening', port })}\n`);
});
process.stdin.on('end', () => process.exit(0)).resume();
