/** Reads small files whole: only regular ones, and only up to a bound. */
import { ProblemError } from '../../protocol/problem.ts';
import { closeSync, createReadStream, fstatSync, readSync } from 'node:fs';

import { decodeUtf8 } from './decodeText.ts';
import { type LinkRule, openForReading } from './openFile.ts';

const CHUNK_BYTES = 2 ** 16;
/** The largest are tokenizers: 33 MB for a vocabulary of 262,000 tokens. */
const MODEL_FILE_BYTES = 64 * 2 ** 20;

/**
 * The text of `file`, which has at most `maximumBytes`. Rejects with ProblemError when it is larger, not a
 * regular file or not UTF-8, and with the system's error when it cannot be read.
 */
export async function readSmallFile(
  file: string,
  maximumBytes: number,
  links: LinkRule,
): Promise<string> {
  return decodeUtf8(await readSmallBytes(file, maximumBytes, links), file);
}

/** The same for what need not be text. */
export async function readSmallBytes(
  file: string,
  maximumBytes: number,
  links: LinkRule,
): Promise<Buffer> {
  const fd = openOfSize(file, maximumBytes, links);
  const bytes = new BoundedBytes(file, maximumBytes);
  for await (const part of createReadStream('', { fd })) bytes.add(part as Buffer);
  return bytes.whole();
}

/** The same, for files so small that the wait is not noticed. */
export function readSmallFileSync(file: string, maximumBytes: number, links: LinkRule): string {
  const descriptor = openOfSize(file, maximumBytes, links);
  try {
    const bytes = new BoundedBytes(file, maximumBytes);
    for (;;) {
      const part = Buffer.alloc(CHUNK_BYTES);
      const length = readSync(descriptor, part);
      if (length === 0) return decodeUtf8(bytes.whole(), file);
      bytes.add(part.subarray(0, length));
    }
  } finally {
    closeSync(descriptor);
  }
}

/**
 * The text of a file in a model folder. Links are followed, since the Hub's cache is made of them.
 * Rejects like {@link readSmallFile}.
 */
export function readModelFile(file: string): Promise<string> {
  return readSmallFile(file, MODEL_FILE_BYTES, 'follow');
}

/** The same at once, for the small ones among them. */
export function readModelFileSync(file: string): string {
  return readSmallFileSync(file, MODEL_FILE_BYTES, 'follow');
}

/**
 * The descriptor of such a file, for a process that reads it in our place. The caller closes it.
 * Throws ProblemError when it is too large or not a regular file, and the system's error.
 */
export function openModelFile(file: string): number {
  return openOfSize(file, MODEL_FILE_BYTES, 'follow');
}

function openOfSize(file: string, maximumBytes: number, links: LinkRule): number {
  const descriptor = openForReading(file, links);
  if (fstatSync(descriptor).size <= maximumBytes) return descriptor;
  closeSync(descriptor);
  throw tooLarge(file, maximumBytes);
}

/** Counts as it reads: a file may grow, and some files of the system tell no size. */
class BoundedBytes {
  readonly #file: string;
  readonly #maximumBytes: number;
  readonly #parts: Buffer[] = [];
  #bytes = 0;

  constructor(file: string, maximumBytes: number) {
    this.#file = file;
    this.#maximumBytes = maximumBytes;
  }

  add(part: Buffer): void {
    this.#bytes += part.length;
    if (this.#bytes > this.#maximumBytes) throw tooLarge(this.#file, this.#maximumBytes);
    this.#parts.push(part);
  }

  whole(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

function tooLarge(file: string, maximumBytes: number): ProblemError {
  return new ProblemError({
    code: 'file-too-large',
    message: `${file} is larger than the ${sizeText(maximumBytes)} that such a file may have, so it is not read.`,
    remedy:
      'Do not use it if it came from somebody else; otherwise replace it with one of the expected size.',
  });
}

function sizeText(bytes: number): string {
  return bytes < 2 ** 20 ? `${String(bytes / 2 ** 10)} KiB` : `${String(bytes / 2 ** 20)} MiB`;
}
