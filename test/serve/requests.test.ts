/** What requests may ask for, and how they are refused. */
import { describe, expect, test } from 'vitest';

import { ProblemError } from '../../server/protocol/problem.ts';
import { firstStop } from '../../server/src/serve/answers.ts';
import { readChatRequest } from '../../server/src/serve/chatRequest.ts';
import { readCompletionRequest } from '../../server/src/serve/completionRequest.ts';
import { errorReply, RefusedRequest } from '../../server/src/serve/refusedRequest.ts';
import { RequestFields } from '../../server/src/serve/requestFields.ts';

const completion = (value: object) =>
  readCompletionRequest(new RequestFields(JSON.stringify({ prompt: 'a', ...value })));
const chat = (value: object) =>
  readChatRequest(
    new RequestFields(JSON.stringify({ messages: [{ role: 'user', content: 'a' }], ...value })),
  );

/** The parameter that `action` is refused for, with what is said of it. */
function refusalOf(action: () => unknown) {
  try {
    action();
  } catch (error) {
    if (!(error instanceof RefusedRequest)) throw error;
    const { status, problem, parameter } = error;
    return { status, parameter, code: problem.code, message: problem.message };
  }
  throw new Error('Nothing was refused.');
}

describe('a request for completions', () => {
  test('has the defaults of the API', () => {
    expect(completion({})).toEqual({
      prompts: ['a'],
      maximumTokens: 16,
      choices: 1,
      temperature: 1,
      seed: undefined,
      stops: [],
      stream: false,
      streamsUsage: false,
      echo: false,
      topTokens: undefined,
    });
  });

  test.each([
    ['text', ['text']],
    [
      ['one', 'two'],
      ['one', 'two'],
    ],
    [[5, 6], [[5, 6]]],
    [
      [[5], [6, 7]],
      [[5], [6, 7]],
    ],
  ])('takes the prompt %j', (prompt, prompts) => {
    expect(completion({ prompt }).prompts).toEqual(prompts);
  });

  test.each([[''], [[]], [[1.5]], [[-1]], [[[]]], [['a', '']], [['a', 3]], [{}], [null]])(
    'refuses the prompt %j',
    (prompt) => {
      expect(refusalOf(() => completion({ prompt }))).toMatchObject({
        status: 400,
        parameter: 'prompt',
      });
    },
  );

  test('as lm-evaluation-harness sends them', () => {
    const scoring = { prompt: [[5, 6]], max_tokens: 1, logprobs: 1, temperature: 0, echo: true };
    expect(completion({ ...scoring, seed: 1234 })).toMatchObject({ topTokens: 1, echo: true });
    const stop = ['\n\n', 'def', '#', 'if', 'class'];
    expect(completion({ max_tokens: 256, temperature: 0, stop })).toMatchObject({ stops: stop });
  });

  test('null stands for nothing', () => {
    expect(completion({ n: null, stop: null, logprobs: null, suffix: null, top_p: null })).toEqual(
      completion({}),
    );
  });

  test.each([
    ['n', 0],
    ['n', 129],
    ['n', 1.5],
    ['temperature', -0.1],
    ['temperature', '1'],
    ['seed', -1],
    ['max_tokens', 0],
    ['max_tokens', true],
    ['logprobs', 2],
    ['logprobs', 1],
    ['stop', ['']],
    ['stop', [1]],
    ['stop', new Array(65).fill('a')],
    ['stream', 'yes'],
    ['stream_options', { include_usage: 1 }],
    ['echo', 1],
  ])('refuses %s %j', (parameter, value) => {
    expect(refusalOf(() => completion({ [parameter]: value }))).toMatchObject({
      status: 400,
      parameter,
      code: 'bad-request',
    });
  });

  test('an answer without a token is one to an echo', () => {
    expect(completion({ max_tokens: 0, echo: true }).maximumTokens).toBe(0);
  });

  test('refuses more answers than one request may ask for', () => {
    const prompt = new Array(100).fill('a');
    expect(refusalOf(() => completion({ prompt, n: 11 }))).toMatchObject({ parameter: 'n' });
  });
});

describe('a parameter that is not supported', () => {
  test.each([
    ['top_p', 0.9],
    ['top_k', 40],
    ['presence_penalty', 0.5],
    ['frequency_penalty', -1],
    ['logit_bias', { 5: 1 }],
    ['best_of', 4],
    ['suffix', 'end'],
    ['tools', [{ type: 'function' }]],
    ['tool_choice', 'required'],
    ['response_format', { type: 'json_schema' }],
    ['response_format', { type: 'json_object' }],
    ['reasoning_effort', 'high'],
    ['no_such_thing', 1],
    ['__proto__x', 1],
  ])('%s %j is refused by its name', (parameter, value) => {
    for (const read of [completion, chat]) {
      expect(refusalOf(() => read({ [parameter]: value }))).toMatchObject({
        status: 400,
        parameter,
        code: 'unsupported_parameter',
        message: expect.stringContaining(`"${parameter}"`) as string,
      });
    }
  });

  test('is none where it asks for nothing', () => {
    const neutral = {
      ...{ top_p: 1, top_k: -1, presence_penalty: 0, frequency_penalty: 0, logit_bias: {} },
      ...{ tools: [], tool_choice: 'auto', response_format: { type: 'text' }, best_of: 1 },
      ...{ user: 'me', metadata: { a: 'b' }, store: false, parallel_tool_calls: true },
    };
    expect(chat(neutral)).toEqual(chat({}));
    expect(completion(neutral)).toEqual(completion({}));
  });

  test('cutting off what is improbable changes nothing at temperature 0, as EvalPlus asks', () => {
    expect(chat({ top_p: 0.95, top_k: 40, min_p: 0.1, temperature: 0 })).toEqual(
      chat({ temperature: 0 }),
    );
    const tempered = () => chat({ top_p: 0.95, temperature: 0.1 });
    expect(refusalOf(tempered)).toMatchObject({ parameter: 'top_p' });
  });

  test('names of one kind of request are not those of the other', () => {
    expect(refusalOf(() => chat({ echo: true }))).toMatchObject({ parameter: 'echo' });
    const messages = [{ role: 'user', content: 'a' }];
    expect(refusalOf(() => completion({ messages }))).toMatchObject({ parameter: 'messages' });
  });
});

describe('a request for chat', () => {
  test('joins parts of texts, and has the roles that templates know', () => {
    const messages = [
      { role: 'developer', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
      { role: 'assistant', content: 'c', tool_calls: [], name: 'it' },
    ];
    expect(chat({ messages }).messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'ab' },
      { role: 'assistant', content: 'c' },
    ]);
  });

  test.each([
    [[], 'messages'],
    [['a'], 'messages[0].role'],
    [[{ role: 'tool', content: 'a' }], 'messages[0].role'],
    [[{ role: 'constructor', content: 'a' }], 'messages[0].role'],
    [[{ role: 'user' }], 'messages[0].content'],
    [[{ role: 'user', content: [{ type: 'image_url' }] }], 'messages[0].content'],
    [[{ role: 'assistant', content: '', tool_calls: [{}] }], 'messages[0].tool_calls'],
    [[{ role: 'user', content: 'a'.repeat(1_000_001) }], 'messages'],
  ])('refuses the messages %j', (messages, parameter) => {
    expect(refusalOf(() => chat({ messages }))).toMatchObject({ status: 400, parameter });
  });

  test('has the new name of the limit before the old one', () => {
    expect(chat({}).maximumTokens).toBeUndefined();
    expect(chat({ max_tokens: 5 }).maximumTokens).toBe(5);
    expect(chat({ max_tokens: 5, max_completion_tokens: 6 }).maximumTokens).toBe(6);
  });

  test('log-probabilities, with the most probable token at temperature 0 only', () => {
    expect(chat({ logprobs: true }).topTokens).toBe(0);
    expect(chat({ logprobs: true, top_logprobs: 1, temperature: 0 }).topTokens).toBe(1);
    for (const wrong of [
      { top_logprobs: 0 },
      { logprobs: true, top_logprobs: 2 },
      { logprobs: true, top_logprobs: 1 },
    ]) {
      expect(refusalOf(() => chat(wrong))).toMatchObject({ parameter: 'top_logprobs' });
    }
  });
});

describe('errors', () => {
  test.each([['no JSON'], ['[]'], ['null'], ['3']])('the body %j is refused', (text) => {
    expect(refusalOf(() => new RequestFields(text))).toMatchObject({ code: 'bad-json' });
  });

  test('have the form that clients read', () => {
    const refused = errorReply(
      new RefusedRequest(400, { code: 'bad-request', message: 'A.', remedy: 'B.' }, 'n'),
    );
    expect(refused).toEqual({
      status: 400,
      headers: {},
      body: {
        error: { message: 'A. B.', type: 'invalid_request_error', param: 'n', code: 'bad-request' },
      },
    });
  });

  test('of the engine may be tried again, and say so', () => {
    const problem = { message: 'It died.', remedy: 'Resume the run.' } as const;
    const ended = errorReply(new ProblemError({ code: 'engine_ended', ...problem }));
    expect(ended).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    expect(ended.body.error).toMatchObject({ type: 'server_error', code: 'engine_ended' });
    expect(ended.body.error.message).toContain('It died. It is started again');
    const full = errorReply(ProblemError.of({ code: 'out_of_memory', ...problem }));
    expect(full.status).toBe(503);
    expect(full.body.error.message).toBe('It died. Resume the run.');
    const wrong = errorReply(ProblemError.of({ code: 'invalid_request', ...problem }));
    expect(wrong.status).toBe(400);
  });

  test('a defect tells nothing of itself to clients', () => {
    const { status, body } = errorReply(new TypeError('a secret'));
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toContain('secret');
  });
});

test('the first stop text ends an answer, whichever it is', () => {
  expect(firstStop('abcabc', ['ca', 'bc'])).toBe(1);
  expect(firstStop('abc', ['x'])).toBeUndefined();
  expect(firstStop('abc', ['x', 'a'])).toBe(0);
});
