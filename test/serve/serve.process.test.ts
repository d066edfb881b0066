/** The official client of OpenAI's API, and hand-made requests, against the embedded model on the real engine. */
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';

import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Completion, TrainingDatum } from '../../server/protocol/engine.ts';
import { PROTOCOL_VERSION } from '../../server/protocol/version.ts';
import { openLocalEngine } from '../../server/src/engine/openEngine.ts';
import type { TinkerEngine } from '../../server/src/engine/tinker/tinkerEngine.ts';
import { enginePython } from '../../server/src/machine/enginePython.ts';
import { modelDigest, openModelFolder } from '../../server/src/machine/models/modelFolder.ts';
import { namedPolicy } from '../../server/src/run/namedPolicy.ts';
import { serveWith } from '../../server/src/serve/serveModel.ts';
import { completeSettings, presetDepartures } from '../../server/src/settings/settings.ts';
import { SqliteRunStore } from '../../server/src/store/writer/sqliteRunStore.ts';
import { startAzr } from '../cli/azr.ts';
import { childrenRunning, isAlive } from '../run/faults/faultyWorld.ts';
import { WatchedEngine } from './watchedEngine.ts';

const ROOT = path.resolve(import.meta.dirname, '..', '..');
const NANO = path.join(ROOT, 'server/models/azr-nano');
const KEY = 'the-key-of-the-test';
const PROMPT = '[solve deduction]\ndef f(x):\n    return x + 1\n# 7\n-> ';
const OPEN_PROMPT = '[propose deduction]\n';
/** Of nano's 1,024. */
const CONTEXT = 1024;

const scratch = mkdtempSync(path.join(tmpdir(), 'azr-serve-test-'));
const runFolder = path.join(scratch, 'a-run');
const chatModel = path.join(scratch, 'chat-model');
const watched = new WatchedEngine();
const ending = new AbortController();
const notices: string[] = [];
const defects: unknown[] = [];
let engine: TinkerEngine;
let serving: Promise<void>;
let url: string;
let client: OpenAI;
/** What the run's checkpoint answers to {@link PROMPT} greedily. */
let trained: Completion;

beforeAll(async () => {
  mkdirSync(runFolder);
  const open = (modelFolder: string) =>
    openLocalEngine({
      modelFolder,
      checkpointFolder: path.join(runFolder, 'checkpoints'),
      pythonPath: enginePython(),
      packageFolder: path.join(ROOT, 'server/engine/src'),
      logPath: path.join(scratch, 'engine.log'),
      ...{ trainable: 'full', loraRank: 8, loraAlpha: 16, loraDropout: 0, seed: 1 },
    });
  engine = await open(NANO);
  makeChatModel();
  await makeRun();
  const model = await namedPolicy('azr-nano', 'none');
  let opened = 0;
  await new Promise<void>((resolve, reject) => {
    serving = serveWith(
      async () => {
        opened += 1;
        return watched.watch(opened === 1 ? engine : await open(chatModel));
      },
      {
        ...{ model, port: 0, key: KEY, signal: ending.signal },
        onReady: (address) => {
          url = address;
          resolve();
        },
        onNotice: (message) => notices.push(message),
        onDefect: (error) => defects.push(error),
      },
    );
    serving.catch(reject);
  });
  client = new OpenAI({ baseURL: url, apiKey: KEY, maxRetries: 0 });
});

afterAll(async () => {
  ending.abort();
  await serving;
  rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  expect(defects).toEqual([]);
});

/** The same model with a chat template, which takes the place of the first when that has died. */
function makeChatModel(): void {
  cpSync(NANO, chatModel, { recursive: true });
  writeFileSync(
    path.join(chatModel, 'chat_template.jinja'),
    `{% for message in messages %}{% if message.role == 'system' %}{{ raise_exception('Nobody speaks of systems.') }}{% endif %}{{ message.content }}{% endfor %}{% if add_generation_prompt %}{{ '\\n-> ' }}{% endif %}`,
  );
}

/** A run whose only step taught the model to answer {@link PROMPT} otherwise. */
async function makeRun(): Promise<void> {
  const { folder, defaults } = await openModelFolder('azr-nano');
  const settings = completeSettings([defaults, { model: 'azr-nano', probe: 'none' }], 'the test');
  const store = SqliteRunStore.create(path.join(runFolder, 'run.db'), {
    createdAt: '2026-01-02T03:04:05.000Z',
    protocolVersion: PROTOCOL_VERSION,
    settings,
    departures: presetDepartures(settings),
    dialect: 'compact',
    modelDigest: await modelDigest(folder),
  });
  const start = await engine.saveCheckpoint('start');
  const promptTokens = await engine.encode(PROMPT);
  const completionTokens = await engine.encodeCompletion('[7]');
  const advantages = completionTokens.map(() => 1);
  const datum = { promptTokens, completionTokens, logProbabilities: [], advantages };
  const adam = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, gradientClipNorm: 0 };
  for (let update = 0; update < 3; update += 1) {
    await engine.update([{ data: [datum], loss: { kind: 'cross_entropy' } }], {
      ...adam,
      learningRate: 3e-3,
    });
  }
  trained = (await greedily(promptTokens, 20))[0]!;
  await engine.saveCheckpoint('step-000001');
  store.recordCheckpoint(1, 'checkpoints/step-000001');
  store.close();
  await engine.loadCheckpoint(start);
}

async function greedily(promptTokens: readonly number[], maximumTokens: number) {
  const parameters = { temperature: 0, maximumTokens, seed: 0 };
  return (await engine.sample([{ promptTokens, samples: 1 }], parameters))[0]!;
}

function completions(parameters: Partial<OpenAI.CompletionCreateParamsNonStreaming> = {}) {
  return client.completions.create({ model: 'azr-nano', prompt: PROMPT, ...parameters });
}

/** The error of a request that must fail. */
async function failureOf(answer: Promise<unknown>) {
  const error: unknown = await answer.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof OpenAI.APIError) return error;
  throw new Error(`The request did not fail as it should: ${String(error)}`);
}

test('the list of models has the one that is served', async () => {
  const { data } = await client.models.list();
  expect(data).toMatchObject([{ id: 'azr-nano', object: 'model', max_model_len: CONTEXT }]);
});

test('a completion is what the engine samples, with its log-probabilities and its end', async () => {
  const [greedy] = await greedily(await engine.encode(PROMPT), 20);
  const { choices, usage, object } = await completions({
    ...{ temperature: 0, max_tokens: 20, logprobs: 1 },
  });
  expect(object).toBe('text_completion');
  const [choice] = choices;
  expect(choice).toMatchObject({ text: '8', finish_reason: 'stop', index: 0 });
  expect(choice!.logprobs!.token_logprobs).toEqual(greedy!.logProbabilities);
  expect(choice!.logprobs!.tokens!.join('')).toBe('8');
  // At temperature 0 the token is the most probable one.
  expect(choice!.logprobs!.top_logprobs![0]).toEqual({ '8': greedy!.logProbabilities[0] });
  expect(usage).toEqual({
    prompt_tokens: (await engine.encode(PROMPT)).length,
    completion_tokens: greedy!.tokens.length,
    total_tokens: (await engine.encode(PROMPT)).length + greedy!.tokens.length,
  });
});

test('texts, lists of texts, tokens and lists of tokens are prompts', async () => {
  const tokens = await engine.encode(PROMPT);
  const other = await engine.encode(OPEN_PROMPT);
  const texts = async (prompt: string | string[] | number[] | number[][]) =>
    (await completions({ prompt, temperature: 0 })).choices.map((choice) => choice.text);
  const [[first], both] = [await texts(PROMPT), await texts([PROMPT, OPEN_PROMPT])];
  expect(both).toHaveLength(2);
  expect(both[0]).toBe(first);
  expect(await texts(tokens)).toEqual([first]);
  expect(await texts([tokens, other])).toEqual(both);
});

test('several answers with a seed are those of the engine, whatever it answers besides', async () => {
  const wanted = { prompt: OPEN_PROMPT, n: 4, max_tokens: 12 };
  const parameters = { temperature: 1, maximumTokens: 12, seed: 5 };
  const promptTokens = await engine.encode(OPEN_PROMPT);
  const [group] = await engine.sample([{ promptTokens, samples: 4 }], parameters);
  const decoded = await Promise.all(group!.map(({ tokens }) => engine.decode(tokens)));
  const [alone, amongOthers, otherSeed] = await Promise.all([
    completions({ ...wanted, seed: 5, logprobs: 0 }),
    completions({ ...wanted, seed: 5 }),
    completions({ ...wanted, seed: 6 }),
    completions(wanted),
  ]);
  const texts = ({ choices }: OpenAI.Completion) => choices.map((choice) => choice.text);
  expect(texts(alone)).toEqual(decoded);
  expect(texts(amongOthers)).toEqual(decoded);
  expect(texts(otherSeed)).not.toEqual(decoded);
  expect(new Set(decoded).size).toBeGreaterThan(1);
  expect(alone.choices.map(({ logprobs }) => logprobs!.token_logprobs)).toEqual(
    group!.map(({ logProbabilities }) => logProbabilities),
  );
});

test('an answer ends before a stop text, and so do its tokens', async () => {
  const wanted = { prompt: OPEN_PROMPT, temperature: 0, max_tokens: 60 };
  const whole = (await completions(wanted)).choices[0]!.text;
  const stop = whole.slice(5, 9);
  const expected = whole.slice(0, whole.indexOf(stop));
  const [choice] = (await completions({ ...wanted, stop: ['no such text', stop], logprobs: 0 }))
    .choices;
  expect(choice).toMatchObject({ text: expected, finish_reason: 'stop' });
  expect(choice!.logprobs!.tokens!.join('').startsWith(expected)).toBe(true);
  expect(choice!.logprobs!.tokens!.slice(0, -1).join('').length).toBeLessThan(expected.length);
  const cut = await completions({ ...wanted, max_tokens: 2 });
  expect(cut.choices[0]).toMatchObject({ finish_reason: 'length' });
});

test('an echoed prompt has the scores of the engine, and what it would have said', async () => {
  const tokens = await engine.encode(`${PROMPT}8`);
  const { choices } = await completions({
    ...{ prompt: tokens, echo: true, logprobs: 1, max_tokens: 1, temperature: 0 },
  });
  const [{ text: echoed, logprobs }] = [choices[0]!];
  expect(echoed).toBe(`${PROMPT}8`);
  const { token_logprobs: values, top_logprobs: tops } = logprobs!;
  expect(values).toHaveLength(tokens.length + 1);
  expect([values![0], tops![0]]).toEqual([null, null]);
  const datum: TrainingDatum = {
    ...{ promptTokens: tokens.slice(0, 1), completionTokens: tokens.slice(1) },
    ...{ logProbabilities: [], advantages: [] },
  };
  const [scores] = await engine.logProbabilities([datum]);
  scores!.forEach((score, place) => {
    expect(values![place + 1]).toBeCloseTo(score, 5);
  });
  const prefixes = tokens.slice(1).map((_, place) => tokens.slice(0, place + 1));
  const likeliest = await engine.sample(
    prefixes.map((promptTokens) => ({ promptTokens, samples: 1 })),
    { temperature: 0, maximumTokens: 1, seed: 0 },
  );
  likeliest.forEach(([one], place) => {
    const top = Math.max(...Object.values(tops![place + 1]!));
    expect(top).toBeCloseTo(one!.logProbabilities[0]!, 4);
    // As lm-evaluation-harness tells whether a text is what the model would have said.
    const isGreedy = values![place + 1] === top;
    expect(isGreedy).toBe(one!.tokens[0] === tokens[place + 1]);
  });
  // The harness also asks for an echo alone.
  const [bare] = (await completions({ echo: true, max_tokens: 0, temperature: 0 })).choices;
  expect(bare).toMatchObject({ text: PROMPT, finish_reason: 'length', logprobs: null });
});

test('a stream sends the same text, its end and the numbers of tokens', async () => {
  const wanted = { prompt: OPEN_PROMPT, seed: 3, n: 2, max_tokens: 20 };
  const whole = await completions(wanted);
  const texts = ['', ''];
  const ends: string[] = [];
  let usage: unknown;
  const options = { stream: true, stream_options: { include_usage: true } } as const;
  const stream = await client.completions.create({ model: 'azr-nano', ...wanted, ...options });
  for await (const event of stream) {
    for (const { index, text: part, finish_reason: end } of event.choices) {
      texts[index] = (texts[index] ?? '') + part;
      ends.push(end);
    }
    usage = event.usage ?? usage;
  }
  expect(texts).toEqual(whole.choices.map((choice) => choice.text));
  expect(ends).toEqual(whole.choices.map((choice) => choice.finish_reason));
  expect(usage).toEqual(whole.usage);
  const raw = await fetch(`${url}/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}` },
    body: JSON.stringify({ ...wanted, stream: true }),
  });
  expect(raw.headers.get('content-type')).toBe('text/event-stream');
  expect(await raw.text()).toMatch(/^data: \{.*\}\n\ndata: \{.*\}\n\ndata: \[DONE\]\n\n$/);
});

test('requests that come while the engine works share its next call', async () => {
  const before = watched.calls.length;
  const release = watched.hold();
  const first = completions({ max_tokens: 3 });
  await expect.poll(() => watched.calls.length).toBe(before + 1);
  const others = [
    ...Array.from({ length: 6 }, () => completions({ prompt: OPEN_PROMPT, max_tokens: 4 })),
    completions({ prompt: [PROMPT, OPEN_PROMPT], max_tokens: 4 }),
    completions({ max_tokens: 4, temperature: 0 }),
    completions({ max_tokens: 4, temperature: 0, seed: 1 }),
    completions({ max_tokens: 4, seed: 1 }),
  ];
  // They are on their way to the queue, through the tokenizer.
  await new Promise((resolve) => setTimeout(resolve, 500));
  release();
  const answers = await Promise.all([first, ...others]);
  expect(answers.map(({ choices }) => choices.length)).toEqual([1, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1]);
  const items = watched.calls.slice(before).map((call) => call.items);
  // The first; all alike; the greedy ones, to which a seed makes no difference; the seeded one.
  expect([items[0], ...items.slice(1).sort()]).toEqual([1, 1, 2, 8]);
});

test('a client that leaves takes its request with it', async () => {
  const before = watched.calls.length;
  const leaving = new AbortController();
  const endless = { model: 'azr-nano', prompt: OPEN_PROMPT, n: 128, max_tokens: 1000 };
  const release = watched.hold();
  const answer = client.completions.create(endless, { signal: leaving.signal });
  await expect.poll(() => watched.calls.length).toBe(before + 1);
  const waitingToo = new AbortController();
  const waiting = client.completions.create(endless, { signal: waitingToo.signal });
  await new Promise((resolve) => setTimeout(resolve, 100));
  waitingToo.abort();
  leaving.abort();
  await Promise.all([expect(answer).rejects.toThrow(), expect(waiting).rejects.toThrow()]);
  await expect.poll(() => watched.calls.at(-1)!.signal!.aborted).toBe(true);
  release();
  expect((await completions({ temperature: 0 })).choices[0]!.text).toBe('8');
  // The one that waited never reached the engine.
  expect(watched.calls.length).toBe(before + 2);
});

test('a prompt that the model cannot be asked fails alone', async () => {
  const release = watched.hold();
  const first = completions();
  await expect.poll(() => watched.calls.length).toBeGreaterThan(0);
  const wrong = failureOf(completions({ prompt: [5, 10 ** 9], max_tokens: 5 }));
  const right = completions({ prompt: [5, 6], max_tokens: 5 });
  await new Promise((resolve) => setTimeout(resolve, 200));
  release();
  expect(await wrong).toMatchObject({ status: 400, code: 'invalid_request' });
  expect((await right).choices).toHaveLength(1);
  await first;
});

test('errors name the parameter, in the form that the client reads', async () => {
  expect(await failureOf(completions({ top_p: 0.5 }))).toMatchObject({
    status: 400,
    ...{ code: 'unsupported_parameter', param: 'top_p', type: 'invalid_request_error' },
  });
  const long = new Array<number>(CONTEXT).fill(5);
  const tooLong = await failureOf(completions({ prompt: long }));
  expect(tooLong).toMatchObject({ status: 400, code: 'context_length_exceeded' });
  const unknown = client.completions.create({ model: 'gpt-9', prompt: 'a' });
  expect(await failureOf(unknown)).toMatchObject({ status: 404, code: 'model_not_found' });
});

test('a model without a chat template says which form it knows', async () => {
  const chat = client.chat.completions.create({
    model: 'azr-nano',
    messages: [{ role: 'user', content: 'What is 1 + 1?' }],
  });
  const error = await failureOf(chat);
  expect(error).toMatchObject({ status: 400, code: 'no-chat-template', param: 'messages' });
  expect(error.message).toContain('its dialect here is "compact"');
});

test('strangers, web pages and endless bodies are refused', async () => {
  const ask = (headers: Record<string, string>, body?: string, route = '/v1/completions') =>
    new Promise<{ status: number; code: string }>((resolve, reject) => {
      const asking = request(new URL(route, url), { method: 'POST', headers }, (response) => {
        text(response).then((answer) => {
          const { error } = JSON.parse(answer) as { readonly error: { readonly code: string } };
          resolve({ status: response.statusCode!, code: error.code });
        }, reject);
      });
      asking.on('error', reject);
      asking.end(body ?? '{"prompt":"a"}');
    });
  const authorization = `Bearer ${KEY}`;
  expect(await ask({})).toEqual({ status: 401, code: 'invalid_api_key' });
  expect(await ask({ authorization: `${authorization}x` })).toMatchObject({ status: 401 });
  expect(await ask({ authorization: KEY })).toMatchObject({ status: 401 });
  const foreign = { status: 403, code: 'foreign-request' };
  expect(await ask({ authorization, origin: 'http://localhost' })).toEqual(foreign);
  expect(await ask({ authorization, origin: 'null' })).toEqual(foreign);
  expect(await ask({ authorization, host: 'example.org' })).toEqual(foreign);
  const body = JSON.stringify({ prompt: 'a'.repeat(5 * 2 ** 20) });
  expect(await ask({ authorization }, body)).toEqual({ status: 413, code: 'too-long' });
  expect(await ask({ authorization }, '{')).toEqual({ status: 400, code: 'bad-json' });
  expect(await ask({ authorization }, '{}', '/v1/embeddings')).toEqual({
    status: 404,
    code: 'unknown-route',
  });
  // A connection that never shows the key ends by itself.
  const silent = connect({ host: '127.0.0.1', port: Number(new URL(url).port) });
  silent.on('error', () => undefined).resume();
  await once(silent, 'close');
});

test('an engine that dies is told of as 503, and another one answers in its place', async () => {
  const [pid] = childrenRunning(process.pid, 'azr_engine');
  const release = watched.hold();
  const before = watched.calls.length;
  const asked = failureOf(completions({ prompt: OPEN_PROMPT, n: 64, max_tokens: 1000 }));
  await expect.poll(() => watched.calls.length).toBe(before + 1);
  process.kill(pid!, 'SIGKILL');
  release();
  const error = await asked;
  expect(error).toMatchObject({ status: 503, code: 'engine_ended' });
  expect((error.headers as Headers).get('retry-after')).toBe('1');
  expect((await completions({ temperature: 0 })).choices[0]!.text).toBe('8');
  expect(notices).toEqual([expect.stringContaining('It is started again.') as string]);
});

describe('chat with a model that has a template', () => {
  const messages: OpenAI.ChatCompletionMessageParam[] = [
    { role: 'user', content: PROMPT.replace('\n-> ', '') },
  ];
  const chat = (parameters: Partial<OpenAI.ChatCompletionCreateParamsNonStreaming> = {}) =>
    client.chat.completions.create({ model: 'azr-nano', messages, ...parameters });

  test('answers what the template asks, with the log-probabilities of a completion', async () => {
    const wanted = { temperature: 0, max_tokens: 20 };
    const plain = await completions({ ...wanted, logprobs: 1 });
    const answer = await chat({ ...wanted, logprobs: true, top_logprobs: 1 });
    const [choice] = answer.choices;
    expect(choice!.message).toMatchObject({ role: 'assistant', content: '8' });
    expect(choice!.finish_reason).toBe('stop');
    expect(answer.usage).toEqual(plain.usage);
    const tokens = choice!.logprobs!.content!;
    expect(tokens.map(({ logprob }) => logprob)).toEqual(
      plain.choices[0]!.logprobs!.token_logprobs,
    );
    expect(tokens[0]).toEqual({
      ...{ token: '8', bytes: [56], logprob: tokens[0]!.logprob },
      top_logprobs: [{ token: '8', bytes: [56], logprob: tokens[0]!.logprob }],
    });
    const bare = await chat({ temperature: 0 });
    expect(bare.choices[0]).toMatchObject({ message: { content: '8' }, logprobs: null });
  });

  test('n, seed and stop', async () => {
    const wanted = { n: 3, seed: 4, max_tokens: 6, temperature: 1.5 };
    const [first, second] = [await chat(wanted), await chat(wanted)];
    const texts = ({ choices }: OpenAI.ChatCompletion) =>
      choices.map(({ message }) => message.content);
    expect(texts(first)).toHaveLength(3);
    expect(texts(second)).toEqual(texts(first));
    const stopped = await chat({ temperature: 0, stop: '8' });
    expect(stopped.choices[0]).toMatchObject({ message: { content: '' }, finish_reason: 'stop' });
  });

  test('streams', async () => {
    const stream = client.chat.completions.stream({
      ...{ model: 'azr-nano', messages, temperature: 0 },
      stream_options: { include_usage: true },
    });
    expect((await stream.finalChatCompletion()).choices[0]!.message.content).toBe('8');
    expect((await stream.totalUsage()).completion_tokens).toBe(2);
  });

  test('is refused where the template refuses, and answers on', async () => {
    const system = await failureOf(chat({ messages: [{ role: 'system', content: 'Be brief.' }] }));
    expect(system).toMatchObject({ status: 400, code: 'chat_template_refused' });
    expect(system.message).toContain('Nobody speaks of systems.');
    const long = [{ role: 'user' as const, content: 'def f(x): '.repeat(1_000) }];
    expect(await failureOf(chat({ messages: long }))).toMatchObject({
      ...{ status: 400, code: 'context_length_exceeded', param: 'messages' },
    });
    const tools = [{ type: 'function' as const, function: { name: 'f' } }];
    expect(await failureOf(chat({ tools }))).toMatchObject({ status: 400, param: 'tools' });
    expect((await chat({ temperature: 0 })).choices).toHaveLength(1);
  });
});

test('azr serve asks the checkpoint of a run, writes nothing there, and ends with Ctrl-C', async () => {
  const files = filesOf(runFolder);
  const serve = startAzr(['serve', 'a-run', '--json'], { folder: scratch });
  try {
    const { stdout, pid } = serve;
    const stderr = text(serve.stderr);
    const exit = once(serve, 'exit') as Promise<[number | null]>;
    const [line] = (await once(createInterface(stdout), 'line')) as [string];
    const ready = JSON.parse(line) as { url: string; model: string; key: string };
    expect(ready).toMatchObject({ model: 'a-run@1' });
    expect(ready.key).toMatch(/^[\w-]{43}$/);
    const [enginePid] = childrenRunning(pid!, 'azr_engine');
    const asking = new OpenAI({ baseURL: ready.url, apiKey: ready.key, maxRetries: 0 });
    const { choices } = await asking.completions.create({
      ...{ model: ready.model, prompt: PROMPT, temperature: 0, max_tokens: 20, logprobs: 0 },
    });
    expect(choices[0]!.text).toBe('[7]');
    const values = choices[0]!.logprobs!.token_logprobs!;
    expect(values).toHaveLength(trained.tokens.length);
    values.forEach((value, place) => {
      expect(value).toBeCloseTo(trained.logProbabilities[place]!, 4);
    });
    serve.kill('SIGINT');
    expect(await exit).toEqual([0, null]);
    expect(await stderr).toBe('');
    expect(isAlive(enginePid!)).toBe(false);
    expect(filesOf(runFolder)).toEqual(files);
  } finally {
    serve.kill('SIGKILL');
  }
});

test('what a run has no checkpoint of is not served', async () => {
  await expect(namedPolicy(`${runFolder}@0`, 'none')).resolves.toMatchObject({
    checkpoint: undefined,
  });
  await expect(namedPolicy(`${runFolder}@7`, 'none')).rejects.toMatchObject({
    code: 'no-checkpoint',
    remedy: expect.stringContaining('0, 1') as string,
  });
  await expect(namedPolicy(path.join(scratch, 'nothing@1'), 'none')).rejects.toMatchObject({
    code: 'no-run',
  });
  rmSync(path.join(runFolder, 'checkpoints', 'step-000001'), { recursive: true });
  await expect(namedPolicy(runFolder, 'none')).rejects.toMatchObject({
    code: 'checkpoint-lost',
  });
});

/** Every file below `folder`, but what SQLite keeps beside a database while it reads it. */
function filesOf(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => path.join(parentPath, name));
  return Object.fromEntries(
    names
      .filter((name) => !/-(wal|shm)$/.test(name))
      .map((name) => [name, readFileSync(name).toString('base64')]),
  );
}
