/** How much memory the engine wants for a model, estimated from the files in its folder. */
import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import path from 'node:path';

import type { EngineFacts } from './engineFacts.ts';

export interface ModelSize {
  readonly parameters: number;
}

/** Undefined when `folder` holds no Hugging Face model with weights. */
export function modelSize(folder: string): ModelSize | undefined {
  try {
    if (!existsSync(path.join(folder, 'config.json'))) return undefined;
    const files = readdirSync(folder).map((name) => path.join(folder, name));
    const tensors = files.filter((file) => file.endsWith('.safetensors'));
    const pickles = files.filter((file) => /pytorch_model.*\.bin$/.test(file));
    const parameters =
      tensors.length > 0 ? sumOf(tensors, parametersIn) : sumOf(pickles, guessedParametersIn);
    return parameters === 0 ? undefined : { parameters };
  } catch {
    return undefined;
  }
}

const LONGEST_HEADER_BYTES = 64 * 2 ** 20;

/**
 * Counted from the header of the file, which names every tensor's shape:
 * https://huggingface.co/docs/safetensors#format
 */
function parametersIn(file: string): number {
  const descriptor = openSync(file, 'r');
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

/** A pickle does not tell; most are stored in two bytes per weight. */
function guessedParametersIn(file: string): number {
  return Math.round(statSync(file).size / 2);
}

function sumOf<Item>(items: readonly Item[], count: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + count(item), 0);
}

/** What PyTorch, its kernels and the buffers of a batch take beside the weights. */
const OVERHEAD_MB = 1_500;
/** Share of the weights that adapters, activations and the cache of a group add. */
const ACTIVATIONS_SHARE = 0.5;

/**
 * Memory in MiB. Adapters: the weights, in bfloat16 on CUDA and in float32 elsewhere, as the engine
 * loads them. All weights: float32 weights, gradients and Adam's two moments.
 */
export function memoryWanted(
  { parameters }: ModelSize,
  trainable: 'lora' | 'full',
  device: EngineFacts['device'],
): number {
  const bytesPerParameter = trainable === 'full' ? 16 : device === 'cuda' ? 2 : 4;
  const activations = parameters * (device === 'cuda' ? 2 : 4) * ACTIVATIONS_SHARE;
  return Math.round((parameters * bytesPerParameter + activations) / 2 ** 20) + OVERHEAD_MB;
}
