/** Weights that are pickles are refused before anything is started, with a way out. */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { modelParameters } from '../../server/src/machine/models/modelParameters.ts';
import { prepareNewRun } from '../../server/src/run/prepareRun.ts';

const NANO = path.join(import.meta.dirname, '../../server/models/azr-nano');

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-pickles-'));
  for (const name of ['config.json', 'tokenizer.json', 'tokenizer_config.json']) {
    copyFileSync(path.join(NANO, name), path.join(folder, name));
  }
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

test.each(['pytorch_model.bin', 'pytorch_model-00001-of-00002.bin', 'model.pt', 'weights.pth'])(
  'a model whose weights are %s is refused for the local engine',
  async (name) => {
    writeFileSync(path.join(folder, name), 'a pickle');
    await expect(prepareNewRun([{ model: folder, probe: 'none' }], 'test')).rejects.toMatchObject({
      code: 'invalid-model',
      message: expect.stringContaining(name) as string,
      remedy: expect.stringContaining('safetensors') as string,
    });
    expect(modelParameters(folder)).toBeUndefined();
  },
);

test('beside safetensors they are ignored, and for an engine elsewhere nobody reads weights', async () => {
  writeFileSync(path.join(folder, 'pytorch_model.bin'), 'a pickle');
  const elsewhere = { model: folder, probe: 'none', engineUrl: 'https://engine.example' };
  await expect(prepareNewRun([elsewhere], 'test')).resolves.toMatchObject({ settings: elsewhere });
  copyFileSync(path.join(NANO, 'model.safetensors'), path.join(folder, 'model.safetensors'));
  await expect(prepareNewRun([{ model: folder }], 'test')).resolves.toBeDefined();
  expect(modelParameters(folder)).toBeGreaterThan(0);
});
