import { ProblemError } from '../../server/protocol/problem.ts';
import { expect, test } from 'vitest';

import { checkEngineAddress } from '../../server/src/engine/engineAddress.ts';

const KEY = 'tml-MARKER';

function refusal(url: string, key = KEY): ProblemError {
  try {
    checkEngineAddress(url, key);
  } catch (error) {
    if (error instanceof ProblemError) return error;
    throw error;
  }
  throw new Error(`${url} was taken`);
}

test('a key goes to this machine or over an encrypted line, and nowhere else', () => {
  for (const url of [
    'http://127.0.0.1:8000',
    'http://localhost:8000/',
    'http://[::1]:1',
    'https://engine.example',
  ]) {
    expect(() => {
      checkEngineAddress(url, KEY);
    }).not.toThrow();
  }
  for (const url of [
    'http://10.0.0.5:8000',
    'http://127.0.0.1.example:8000',
    'http://localhost.example',
  ]) {
    expect(refusal(url).code).toBe('engine_key_in_clear');
  }
  expect(() => {
    checkEngineAddress('http://10.0.0.5:8000', '');
  }).not.toThrow();
});

test('what is no address of an engine is refused', () => {
  for (const url of ['', 'engine', 'ftp://engine', 'file:///etc/passwd', 'localhost:8000']) {
    expect(refusal(url).code).toBe('engine_url_invalid');
  }
});

test('neither a key nor a password of an address gets into a message', () => {
  const refusals = [
    refusal('https://user:SECRET@engine.example'),
    refusal('https://engine.example', `${KEY}\n`),
    refusal('https://engine.example', `${KEY} `),
    refusal('http://10.0.0.5:8000'),
  ];
  expect(refusals.map(({ code }) => code)).toEqual([
    ...['engine_url_invalid', 'engine_key_invalid', 'engine_key_invalid', 'engine_key_in_clear'],
  ]);
  for (const { message, remedy } of refusals) {
    expect(message + remedy).not.toMatch(/SECRET|MARKER/);
  }
});
