/** The shape of a model, read from the files in its folder: how many weights, how wide, how deep. */
import { existsSync } from 'node:fs';
import path from 'node:path';

import { readModelFileSync } from '../../files/readFile.ts';
import { readSafetensorsHeader } from '../../files/safetensorsFile.ts';
import type { ModelShape } from '../../engine/memoryPlan.ts';

/** Undefined when `folder` holds no Hugging Face model with weights in safetensors. */
export function modelShape(folder: string): ModelShape | undefined {
  try {
    if (!existsSync(path.join(folder, 'config.json'))) return undefined;
    const parameters = sumOf(weightFiles(folder), parametersIn);
    return parameters === 0
      ? undefined
      : shapeOf(readModelFileSync(path.join(folder, 'config.json')), parameters);
  } catch {
    return undefined;
  }
}

/**
 * Those that the engine loads: a folder may hold the same weights once more in another form, or an adapter.
 */
function weightFiles(folder: string): readonly string[] {
  const whole = path.join(folder, 'model.safetensors');
  if (existsSync(whole)) return [whole];
  const index = path.join(folder, 'model.safetensors.index.json');
  if (!existsSync(index)) return [];
  const { weight_map } = JSON.parse(readModelFileSync(index)) as {
    weight_map: Record<string, string>;
  };
  return [...new Set(Object.values(weight_map))].map((name) =>
    path.join(folder, path.basename(name)),
  );
}

/**
 * The names that architectures of transformers have for the same. What a configuration does not tell
 * is taken from the proportions of Llama: 12 weights per layer and square of the width, heads of 64.
 */
function shapeOf(configuration: string, parameters: number): ModelShape {
  const outer = JSON.parse(configuration) as Record<string, unknown>;
  const inner = outer['text_config'];
  const config = { ...outer, ...(typeof inner === 'object' && inner !== null && inner) };
  const read = (...names: readonly string[]): number | undefined =>
    names.map((name) => config[name]).find((value) => typeof value === 'number' && value > 0) as
      number | undefined;
  const hidden =
    read('hidden_size', 'n_embd', 'd_model') ?? Math.round(((64 * parameters) / 12) ** (1 / 3));
  const heads = read('num_attention_heads', 'n_head') ?? Math.max(1, Math.round(hidden / 64));
  const headWidth = read('head_dim') ?? hidden / heads;
  return {
    parameters,
    hidden,
    layers: read('num_hidden_layers', 'n_layer') ?? Math.max(1, Math.round(hidden / 64)),
    intermediate: read('intermediate_size', 'n_inner') ?? 4 * hidden,
    queryWidth: heads * headWidth,
    keyWidth: (read('num_key_value_heads') ?? heads) * headWidth,
    vocabulary: read('vocab_size') ?? 50_000,
    contextTokens: read('max_position_embeddings', 'n_positions') ?? 0,
  };
}

function parametersIn(file: string): number {
  const header = readSafetensorsHeader(file);
  return 'damage' in header
    ? 0
    : sumOf([...header.tensors.values()], ({ shape }) =>
        shape.reduce((product, size) => product * size, 1),
      );
}

function sumOf<Item>(items: readonly Item[], count: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + count(item), 0);
}
