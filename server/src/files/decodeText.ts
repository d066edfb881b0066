/** Bytes as text: UTF-8 alone, since a guess would put other characters in place of what was meant. */
import { ProblemError } from '../../protocol/problem.ts';

const MARKS: readonly (readonly [name: string, mark: readonly number[]])[] = [
  ['UTF-32', [0xff, 0xfe, 0, 0]],
  ['UTF-32', [0, 0, 0xfe, 0xff]],
  ['UTF-16', [0xff, 0xfe]],
  ['UTF-16', [0xfe, 0xff]],
];

/**
 * The text of `bytes`, without the byte-order mark that some editors begin UTF-8 with. Throws ProblemError
 * `not-utf-8`, which says where they are no UTF-8.
 * @param name what they are, for the message: a file's path, or "The line"
 */
export function decodeUtf8(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ProblemError({
      code: 'not-utf-8',
      message: `${name} is not UTF-8: ${whyNot(bytes)}.`,
      remedy: 'Save it as UTF-8.',
    });
  }
}

function whyNot(bytes: Uint8Array): string {
  const [marked] = MARKS.find(([, mark]) => mark.every((byte, at) => bytes[at] === byte)) ?? [];
  if (marked !== undefined) return `it begins with the byte-order mark of ${marked}`;
  // What is wrong becomes a character of three other bytes.
  const readable = Buffer.from(Buffer.from(bytes).toString('utf8'));
  const wrong = readable.findIndex((byte, at) => byte !== bytes[at]);
  const line = readable
    .subarray(0, wrong)
    .reduce((sum, byte) => (byte === 0x0a ? sum + 1 : sum), 1);
  return `byte 0x${(bytes[wrong] ?? 0).toString(16).toUpperCase()} in line ${String(line)} belongs to no character`;
}
