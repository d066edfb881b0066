/** Where a named model lies: the Hub's cache as its documentation lays it out, and our own folder. */
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { openModelFolder } from '../../server/src/machine/models/modelFolder.ts';
import {
  knownModels,
  modelsIn,
  namedModelFolder,
} from '../../server/src/machine/models/namedModel.ts';
import { resolvePaths } from '../../server/src/runFolder/runFile.ts';
import { neededUserData } from '../../server/src/machine/userData.ts';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';
let scratch = '';

beforeEach(() => {
  scratch = mkdtempSync(path.join(tmpdir(), 'azr-models-'));
  vi.stubEnv('HF_HOME', path.join(scratch, 'hf'));
  vi.stubEnv('HF_HUB_CACHE', '');
  vi.stubEnv('XDG_DATA_HOME', path.join(scratch, 'data'));
  vi.stubEnv('LOCALAPPDATA', path.join(scratch, 'data'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(scratch, { recursive: true });
});

function writeSnapshot(files: Readonly<Record<string, string>>): string {
  const folder = path.join(scratch, 'hf', 'hub', 'models--tiny--model-1.5');
  const snapshot = path.join(folder, 'snapshots', COMMIT);
  mkdirSync(snapshot, { recursive: true });
  mkdirSync(path.join(folder, 'refs'), { recursive: true });
  writeFileSync(path.join(folder, 'refs', 'main'), COMMIT);
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(snapshot, name), text);
  return snapshot;
}

test('a model of the cache is opened by its id', async () => {
  const snapshot = writeSnapshot({
    'config.json': '{}',
    'model.safetensors': '',
    'tokenizer_config.json': '{"chat_template": "{{ messages }}"}',
  });
  const opened = await openModelFolder('tiny/model-1.5');
  expect(opened).toMatchObject({ folder: snapshot, hasChatTemplate: true });
  expect(knownModels()).toEqual(['tiny/model-1.5']);
});

test('a download that was cut short does not count as a model', async () => {
  const index = JSON.stringify({ weight_map: { a: 'one.safetensors', b: 'two.safetensors' } });
  const snapshot = writeSnapshot({
    'config.json': '{}',
    'model.safetensors.index.json': index,
    'one.safetensors': '',
  });
  expect(namedModelFolder('tiny/model-1.5')).toBeUndefined();
  await expect(openModelFolder('tiny/model-1.5')).rejects.toMatchObject({
    code: 'no-model',
    remedy: expect.stringContaining('azr models get tiny/model-1.5') as string,
  });
  writeFileSync(path.join(snapshot, 'two.safetensors'), '');
  expect(namedModelFolder('tiny/model-1.5')).toBe(snapshot);
});

test('the packaged model lies in the folder of this user', async () => {
  await expect(openModelFolder('smollm2-135m')).rejects.toMatchObject({ code: 'no-model' });
  const folder = path.join(modelsIn(neededUserData()), 'smollm2-135m');
  expect(folder.startsWith(scratch) || process.platform === 'darwin').toBe(true);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'config.json'), '{}');
  expect((await openModelFolder('smollm2-135m')).folder).toBe(folder);
});

test('a link to a GGUF file stands for the file that it leads to', () => {
  const file = path.join(scratch, 'one.gguf');
  writeFileSync(file, 'weights');
  const link = path.join(scratch, 'link.gguf');
  symlinkSync(file, link);
  expect(namedModelFolder(file)).toBeUndefined();
  // Named as server/engine/src/azr_engine/obtain.py does: by the file's real path, size and milliseconds.
  const real = realpathSync(file);
  const { size, mtimeNs } = statSync(file, { bigint: true });
  const key = `${real}\0${String(size)}\0${String(mtimeNs / 1_000_000n)}`;
  const digest = createHash('sha256').update(key).digest('hex').slice(0, 12);
  const folder = path.join(modelsIn(neededUserData()), `one-${digest}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'config.json'), '{}');
  expect([file, link].map((name) => namedModelFolder(name))).toEqual([folder, folder]);
});

test('in a run file, an id stays an id and a folder becomes absolute', () => {
  mkdirSync(path.join(scratch, 'my', 'model'), { recursive: true });
  const resolved = (model: string): unknown => resolvePaths({ model }, scratch).model;
  expect(resolved('tiny/model-1.5')).toBe('tiny/model-1.5');
  expect(resolved('my/model')).toBe(path.join(scratch, 'my', 'model'));
  expect(resolved('./tiny/model')).toBe(path.join(scratch, 'tiny', 'model'));
  expect(resolved('model.gguf')).toBe(path.join(scratch, 'model.gguf'));
});
