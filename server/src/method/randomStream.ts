/**
 * Seeded random choices that need no state. A stream is named by a seed and labels such as
 * ('references', step, mode): a resumed run makes the same choices without having to know
 * how many were made before.
 */
import { createHash } from 'node:crypto';

const BLOCK_BYTES = 32;
const DRAW_BYTES = 6;

export class RandomStream {
  readonly #name: string;
  #block = Buffer.alloc(0);
  #offset = 0;
  #counter = 0;

  constructor(seed: number, ...labels: (string | number)[]) {
    this.#name = JSON.stringify([seed, ...labels]);
  }

  /** Uniform in [0, 1), with 48 random bits. */
  next(): number {
    if (this.#offset + DRAW_BYTES > this.#block.length) {
      this.#block = createHash('sha256')
        .update(`${this.#name}:${String(this.#counter)}`)
        .digest();
      this.#counter += 1;
      this.#offset = 0;
    }
    const draw = this.#block.readUIntBE(this.#offset, DRAW_BYTES);
    this.#offset += DRAW_BYTES;
    if (this.#offset + DRAW_BYTES > BLOCK_BYTES) {
      this.#offset = BLOCK_BYTES;
    }
    return draw / 2 ** (8 * DRAW_BYTES);
  }

  /** Uniform integer in [0, count). `count` must be positive. */
  integer(count: number): number {
    return Math.floor(this.next() * count);
  }

  /** One item, uniformly; undefined only for an empty list. */
  pick<Item>(items: readonly Item[]): Item | undefined {
    return items[this.integer(items.length)];
  }

  /** Up to `count` different items in random order (partial Fisher–Yates). */
  sample<Item>(items: readonly Item[], count: number): Item[] {
    const pool = [...items];
    const size = Math.min(count, pool.length);
    for (let index = 0; index < size; index += 1) {
      const other = index + this.integer(pool.length - index);
      [pool[index], pool[other]] = [pool[other] as Item, pool[index] as Item];
    }
    return pool.slice(0, size);
  }
}

/** A 31-bit seed for an engine, named like a stream. */
export function deriveSeed(seed: number, ...labels: (string | number)[]): number {
  return new RandomStream(seed, ...labels).integer(2 ** 31);
}
