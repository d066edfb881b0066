/**
 * Prepared interpreters in the user's cache, so that a sandbox opens without starting Python: the same
 * inputs always prepare the same bytes. Nothing depends on it: what is missing, damaged or cannot be
 * written is prepared again. Programs cannot reach it; who can write there can change this program too.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Variant } from '../pool/sandboxServer.ts';
import { keepInCache } from '../../files/userCache.ts';
import type { Interpreter } from './artifact.ts';
import { type Prepared, START_BYTES, type WorkerStart } from './messages.ts';

/** Of a file: the digest of all that follows, the stack pointer, the memory. */
const DIGEST_BYTES = 32;
const HEADER_BYTES = DIGEST_BYTES + 4;

type PreparingInputs = Pick<Interpreter, 'digest' | 'bootSource'> & Pick<WorkerStart, 'variants'>;
type States = { -readonly [V in keyof WorkerStart['prepared']]: Prepared };

export class PreparedStates {
  readonly #folder: string;
  readonly #key: string;

  /** @param inputs all that the bytes of a prepared interpreter follow from */
  constructor({ digest, bootSource, variants }: PreparingInputs, folder: string) {
    this.#folder = folder;
    this.#key = createHash('sha256')
      .update(
        JSON.stringify([digest, bootSource, variants, START_BYTES], (_, value: unknown) =>
          typeof value === 'bigint' ? `${value}n` : value,
        ),
      )
      .digest('hex')
      .slice(0, 32);
  }

  /** Those that are there and whole. */
  async read(): Promise<States> {
    const [first, second] = await Promise.all([this.#readOne(0), this.#readOne(1)]);
    return { ...(first !== undefined && { 0: first }), ...(second !== undefined && { 1: second }) };
  }

  /** Keeps it for later, if that can be; never throws. */
  async write(variant: Variant, { memory, stackPointer }: Prepared): Promise<void> {
    const content = Buffer.allocUnsafe(HEADER_BYTES + memory.length);
    content.writeUInt32LE(stackPointer, DIGEST_BYTES);
    content.set(memory, HEADER_BYTES);
    content.set(digestOf(content), 0);
    await keepInCache(this.#file(variant), content);
  }

  async #readOne(variant: Variant): Promise<Prepared | undefined> {
    const content = await readFile(this.#file(variant)).catch(() => undefined);
    if (content === undefined || content.length <= HEADER_BYTES) return undefined;
    if (!content.subarray(0, DIGEST_BYTES).equals(digestOf(content))) return undefined;
    const memory = new Uint8Array(content.subarray(HEADER_BYTES));
    return { memory, stackPointer: content.readUInt32LE(DIGEST_BYTES) };
  }

  #file(variant: Variant): string {
    return path.join(this.#folder, `${this.#key}-${variant}.state`);
  }
}

function digestOf(content: Buffer): Buffer {
  return createHash('sha256').update(content.subarray(DIGEST_BYTES)).digest();
}
