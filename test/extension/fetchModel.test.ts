/** The progress bar of a model that is fetched. */
import { afterAll, expect, test, vi } from 'vitest';

import type { ModelProgress } from '../../server/protocol/languageMessages.ts';

const reported: unknown[] = [];
const shown: unknown[] = [];
const token = {};

vi.mock('vscode', () => ({
  ProgressLocation: { Notification: 15 },
  window: {
    withProgress: (options: unknown, task: (progress: unknown, token: unknown) => unknown) => {
      shown.push(options);
      return task({ report: (value: unknown) => reported.push(value) }, token);
    },
  },
}));

// Other files of tests load the same modules with a `vscode` of theirs.
vi.resetModules();
afterAll(() => {
  vi.resetModules();
});
const { fetchModel } = await import('../../extension/src/commands/fetchModel.ts');

test('grows with the bytes that are there, and passes the Cancel button on', async () => {
  let listener = (_: ModelProgress): void => undefined;
  let isListening = true;
  const asked: unknown[] = [];
  const connection = {
    onModelProgress: (one: typeof listener) => {
      listener = one;
      return {
        dispose: () => {
          isListening = false;
        },
      };
    },
    request: (...given: unknown[]) => {
      asked.push(given);
      listener({ model: 'other/model', done: 1, total: 2 });
      listener({ model: 'owner/model', done: 10e6, total: 40e6 });
      listener({ model: 'owner/model', done: 30e6, total: 40e6 });
      listener({ model: 'owner/model', note: 'Converting it.' });
      return Promise.resolve({ folder: '/models/model' });
    },
  };
  await fetchModel({ connection } as never, 'owner/model');

  expect(shown).toEqual([{ location: 15, title: 'Fetching owner/model', cancellable: true }]);
  expect(asked).toEqual([['azr/fetchModel', { model: 'owner/model' }, token]]);
  expect(reported).toEqual([
    { message: '10 of 40 MB', increment: 25 },
    { message: '30 of 40 MB', increment: 50 },
    { message: 'Converting it.' },
  ]);
  expect(isListening).toBe(false);
});
