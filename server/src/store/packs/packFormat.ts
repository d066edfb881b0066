/**
 * Several texts, or several lists of numbers, deflated together: a pack. Completions of one step, role
 * and mode resemble each other, so that together they take a quarter of what each would take for
 * itself. Packing is deterministic: the same items give the same bytes under the same Node.
 *
 * Before it is deflated a pack is: the number of items, the length in bytes of each, then the items
 * one after another; numbers of the head are UInt32, little endian. In packs of numbers, which are
 * four bytes each, head included, first come all lowest bytes, then all second ones and so on: the
 * upper bytes of token ids and of log-probabilities are nearly alike, the lower ones are not.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** Items of more bytes than this are not packed, so that no pack has to be larger. */
export const LARGEST_ITEM_BYTES = 2 ** 20;

/** Nothing of ours inflates to more; what would is the work of somebody who means harm. */
const LARGEST_PACK_BYTES = LARGEST_ITEM_BYTES + 2 ** 16;
const NUMBER_BYTES = 4;

export function packTexts(texts: readonly string[]): Uint8Array {
  return deflate(joined(texts.map((text) => Buffer.from(text))));
}

/** @param lists each a blob of whole numbers of four bytes */
export function packNumbers(lists: readonly Uint8Array[]): Uint8Array {
  return deflate(planes(joined(lists)));
}

/** The items of a pack; its texts are decoded one by one, when they are asked for. */
export class UnpackedItems {
  readonly #content: Buffer;
  readonly #ends: readonly number[];

  /** @param content head and items, inflated. Throws RangeError when they do not fit together. */
  constructor(content: Buffer) {
    if (content.length < NUMBER_BYTES) throw new RangeError('a pack has no head');
    const count = content.readUInt32LE(0);
    const start = NUMBER_BYTES * (count + 1);
    if (start > content.length) throw new RangeError('a pack is shorter than its head');
    let end = start;
    this.#ends = [start].concat(
      Array.from({ length: count }, (_, place) => {
        end += content.readUInt32LE(NUMBER_BYTES * (place + 1));
        return end;
      }),
    );
    if (end !== content.length) throw new RangeError('a pack is not as long as its items');
    this.#content = content;
  }

  get bytes(): number {
    return this.#content.length;
  }

  /** Throws RangeError when there is no such item. */
  blob(place: number): Buffer {
    const [start, end] = [this.#ends[place], this.#ends[place + 1]];
    if (start === undefined || end === undefined) {
      throw new RangeError(`a pack has no item ${String(place)}`);
    }
    return this.#content.subarray(start, end);
  }

  text(place: number): string {
    return this.blob(place).toString('utf8');
  }
}

/** Inverse of {@link packTexts}. Throws an error of zlib or a RangeError when `pack` is not one. */
export function unpackTexts(pack: Uint8Array): UnpackedItems {
  return new UnpackedItems(inflate(pack));
}

/** Inverse of {@link packNumbers}. Throws an error of zlib or a RangeError when `pack` is not one. */
export function unpackNumbers(pack: Uint8Array): UnpackedItems {
  const content = inflate(pack);
  if (content.length % NUMBER_BYTES !== 0) throw new RangeError('a pack ends within a number');
  return new UnpackedItems(fromPlanes(content));
}

function joined(items: readonly Uint8Array[]): Buffer {
  const head = Buffer.alloc(NUMBER_BYTES * (items.length + 1));
  head.writeUInt32LE(items.length, 0);
  items.forEach((item, place) => {
    head.writeUInt32LE(item.length, NUMBER_BYTES * (place + 1));
  });
  return Buffer.concat([head, ...items]);
}

function planes(content: Buffer): Buffer {
  const count = content.length / NUMBER_BYTES;
  const result = Buffer.alloc(content.length);
  for (let plane = 0, at = 0; plane < NUMBER_BYTES; plane += 1) {
    for (let index = 0; index < count; index += 1, at += 1) {
      result[at] = content[index * NUMBER_BYTES + plane]!;
    }
  }
  return result;
}

function fromPlanes(content: Buffer): Buffer {
  const count = content.length / NUMBER_BYTES;
  const result = Buffer.alloc(content.length);
  for (let plane = 0, at = 0; plane < NUMBER_BYTES; plane += 1) {
    for (let index = 0; index < count; index += 1, at += 1) {
      result[index * NUMBER_BYTES + plane] = content[at]!;
    }
  }
  return result;
}

function deflate(content: Buffer): Uint8Array {
  // More memory or level 9 take up to three times as long on packs and save less than one per cent.
  return deflateRawSync(content, { level: 6 });
}

function inflate(pack: Uint8Array): Buffer {
  return inflateRawSync(pack, { maxOutputLength: LARGEST_PACK_BYTES });
}
