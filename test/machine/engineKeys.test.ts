import { expect, test } from 'vitest';

import {
  keyEnvironment,
  originWithoutKey,
  takeEngineKeys,
} from '../../server/src/machine/engineKeys.ts';

const keys = new Map([
  ['https://engine.example', 'k1'],
  ['http://127.0.0.1:8000', ''],
]);

test('keys are taken out of the environment, so that nothing started later inherits them', () => {
  const environment = {
    ...{ AZR_ENGINE_KEYS: '{"https://engine.example":"k1"}', PATH: '/bin' },
    // A terminal's, which the window was started with.
    TINKER_API_KEY: 'k2',
  };
  expect(takeEngineKeys(environment)).toEqual(new Map([['https://engine.example', 'k1']]));
  expect(environment).toEqual({ PATH: '/bin' });
  expect(takeEngineKeys(environment).size).toBe(0);
});

test('a key goes to the address it was given for, whatever the path, and to no other', () => {
  expect(keyEnvironment(keys, 'https://engine.example/tinker/')).toEqual({
    ...{ TINKER_API_KEY: 'k1', TINKER_BASE_URL: 'https://engine.example' },
  });
  for (const url of [
    'https://other.example',
    'http://engine.example',
    'https://engine.example:8443',
    'https://engine.example.evil.example',
    'local',
    'nonsense',
  ]) {
    // Empty and not absent: a key that the window inherited stays here as well.
    const origin = url.startsWith('http') ? url : '';
    expect(keyEnvironment(keys, url)).toEqual({ TINKER_API_KEY: '', TINKER_BASE_URL: origin });
  }
});

test('a key is asked for where an engine elsewhere has none; an empty one was given on purpose', () => {
  expect(originWithoutKey(keys, 'local')).toBeUndefined();
  expect(originWithoutKey(keys, 'https://engine.example/')).toBeUndefined();
  expect(originWithoutKey(keys, 'http://127.0.0.1:8000')).toBeUndefined();
  expect(originWithoutKey(keys, 'http://127.0.0.1:8001/x')).toBe('http://127.0.0.1:8001');
});
