/** Which files a model's weights are counted in: those that the engine loads, and each once. */
import { copyFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { modelParameters } from '../../server/src/machine/models/modelParameters.ts';

const NANO = path.join(import.meta.dirname, '../../server/models/azr-nano');

let folder: string;
let count: number | undefined;
const at = (name: string): string => path.join(folder, name);

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-parameters-'));
  for (const name of ['config.json', 'model.safetensors']) {
    copyFileSync(path.join(NANO, name), at(name));
  }
  count = modelParameters(folder);
  expect(count).toBeGreaterThan(1000);
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

test('the same weights in another form, or an adapter, are not counted again', () => {
  for (const name of ['consolidated.safetensors', 'adapter_model.safetensors']) {
    copyFileSync(at('model.safetensors'), at(name));
  }
  expect(modelParameters(folder)).toBe(count);
});

test('of an index, every part counts once', () => {
  renameSync(at('model.safetensors'), at('part-1.safetensors'));
  copyFileSync(at('part-1.safetensors'), at('part-2.safetensors'));
  copyFileSync(at('part-1.safetensors'), at('consolidated.safetensors'));
  const weight_map = { a: 'part-1.safetensors', b: 'part-1.safetensors', c: 'part-2.safetensors' };
  writeFileSync(at('model.safetensors.index.json'), JSON.stringify({ weight_map }));
  expect(modelParameters(folder)).toBe(2 * count!);
});
