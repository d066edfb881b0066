import { expect, test } from 'vitest';

import { StoredKeys } from '../../extension/src/state/storedKeys.ts';

test('keys are kept by origin in one secret, and handed on as the server reads them', async () => {
  const secrets = new Map<string, string>();
  const keys = new StoredKeys({
    get: (name) => Promise.resolve(secrets.get(name)),
    store: (name, value) => {
      secrets.set(name, value);
      return Promise.resolve();
    },
  });
  expect(await keys.json()).toBe('{}');
  await keys.set('https://engine.example', 'k1');
  await keys.set('http://127.0.0.1:8000', '');
  await keys.set('https://engine.example', 'k2');
  expect(await keys.origins()).toEqual(['https://engine.example', 'http://127.0.0.1:8000']);
  expect(await keys.json()).toBe('{"https://engine.example":"k2","http://127.0.0.1:8000":""}');
  expect([...secrets.keys()]).toEqual(['azr.engineKeys']);
});
