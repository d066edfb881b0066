/** The shape of a model, read from the files in its folder: how many weights, how wide, how deep. */
import { closeSync, existsSync, readdirSync, readSync } from 'node:fs';
import path from 'node:path';

import { openForReading } from '../../files/openFile.ts';
import { readModelFileSync } from '../../files/readFile.ts';
import type { ModelShape } from '../../engine/memoryPlan.ts';

/** Undefined when `folder` holds no Hugging Face model with weights in safetensors. */
export function modelShape(folder: string): ModelShape | undefined {
  try {
    if (!existsSync(path.join(folder, 'config.json'))) return undefined;
    const files = readdirSync(folder).map((name) => path.join(folder, name));
    const tensors = files.filter((file) => file.endsWith('.safetensors'));
    const parameters = sumOf(tensors, parametersIn);
    return parameters === 0
      ? undefined
      : shapeOf(readModelFileSync(path.join(folder, 'config.json')), parameters);
  } catch {
    return undefined;
  }
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

const LONGEST_HEADER_BYTES = 64 * 2 ** 20;

/**
 * Counted from the header of the file, which names every tensor's shape:
 * https://huggingface.co/docs/safetensors#format
 */
function parametersIn(file: string): number {
  const descriptor = openForReading(file, 'follow');
  try {
    const prefix = Buffer.alloc(8);
    readSync(descriptor, prefix, 0, 8, 0);
    const length = Number(prefix.readBigUInt64LE());
    if (length > LONGEST_HEADER_BYTES) return 0;
    const header = Buffer.alloc(length);
    readSync(descriptor, header, 0, length, 8);
    const tensors = JSON.parse(header.toString('utf8')) as Record<string, { shape?: number[] }>;
    return sumOf(Object.values(tensors), ({ shape }) =>
      shape === undefined ? 0 : shape.reduce((product, size) => product * size, 1),
    );
  } finally {
    closeSync(descriptor);
  }
}

function sumOf<Item>(items: readonly Item[], count: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + count(item), 0);
}
