/**
 * The header of a file of tensors, compared with the file: whether all of it is there can be told without
 * reading the tensors. https://huggingface.co/docs/safetensors#format
 */
import { closeSync, fstatSync, readSync } from 'node:fs';

import { openForReading } from './openFile.ts';

export interface StoredTensor {
  /** `F32`, `BF16`, `I32` and so on. */
  readonly type: string;
  readonly shape: readonly number[];
}

/** What is wrong with a file: it stands for one that was not fetched, or it is not as it was written. */
export interface SafetensorsDamage {
  readonly kind: 'pointer' | 'damaged';
  /** Completes "<file> cannot be used: ". */
  readonly reason: string;
}

export type SafetensorsHeader =
  { readonly tensors: ReadonlyMap<string, StoredTensor> } | { readonly damage: SafetensorsDamage };

const PREFIX_BYTES = 8;
const LONGEST_HEADER_BYTES = 64 * 2 ** 20;
/** https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md */
const POINTER_START = 'version https://git-lfs';

/** Throws the system's error, or a ProblemError, when the file cannot be opened. */
export function readSafetensorsHeader(file: string): SafetensorsHeader {
  const descriptor = openForReading(file, 'follow');
  try {
    return headerOf(descriptor, fstatSync(descriptor).size);
  } finally {
    closeSync(descriptor);
  }
}

function headerOf(descriptor: number, fileBytes: number): SafetensorsHeader {
  if (bytesAt(descriptor, 0, POINTER_START.length).toString('utf8') === POINTER_START) {
    return {
      damage: { kind: 'pointer', reason: 'it is a pointer of Git LFS in place of the file itself' },
    };
  }
  if (fileBytes < PREFIX_BYTES) return damaged(`it has ${fileBytes} bytes`);
  const headerBytes = Number(bytesAt(descriptor, 0, PREFIX_BYTES).readBigUInt64LE());
  if (headerBytes > LONGEST_HEADER_BYTES) return damaged('it does not begin as safetensors do');
  if (PREFIX_BYTES + headerBytes > fileBytes) return damaged('it ends within its header');
  const text = bytesAt(descriptor, PREFIX_BYTES, headerBytes).toString('utf8');
  const tensors = tensorsIn(text);
  if (tensors === undefined) return damaged('its header is not a list of tensors');
  const neededBytes = PREFIX_BYTES + headerBytes + tensors.dataBytes;
  if (fileBytes < neededBytes) {
    return damaged(`it was cut, and has ${fileBytes} of its ${neededBytes} bytes`);
  }
  return tensors;
}

function damaged(reason: string): SafetensorsHeader {
  return { damage: { kind: 'damaged', reason } };
}

function bytesAt(descriptor: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, readSync(descriptor, bytes, 0, length, position));
}

interface Entry {
  readonly dtype?: unknown;
  readonly shape?: unknown;
  readonly data_offsets?: unknown;
}

function tensorsIn(
  text: string,
): { tensors: Map<string, StoredTensor>; dataBytes: number } | undefined {
  let entries: unknown;
  try {
    entries = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof entries !== 'object' || entries === null) return undefined;
  const tensors = new Map<string, StoredTensor>();
  let dataBytes = 0;
  for (const [name, entry] of Object.entries(entries)) {
    if (name === '__metadata__') continue;
    const { dtype: type, shape, data_offsets: offsets } = (entry ?? {}) as Entry;
    if (typeof type !== 'string' || !isCounts(shape) || !isCounts(offsets)) return undefined;
    tensors.set(name, { type, shape });
    dataBytes = Math.max(dataBytes, offsets[1] ?? 0);
  }
  return { tensors, dataBytes };
}

function isCounts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((one) => Number.isSafeInteger(one) && one >= 0);
}
