/** What a module says of its memory holds, whatever the program inside does. */
import { expect, test } from 'vitest';

import { withMemoryMaximum } from '../../server/src/sandbox/wasm/memoryMaximum.ts';

const PAGE_BYTES = 65_536;
/** A module with one memory of one page and at most 512, which it exports. Assembled by hand. */
const MODULE = Uint8Array.from([
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  // A custom section that has nothing to say.
  ...[0x00, 0x02, 0x01, 0x61],
  // Memory: one, with a maximum, from 1 to 512 pages.
  ...[0x05, 0x05, 0x01, 0x01, 0x01, 0x80, 0x04],
  // Export: "m", of kind memory, number 0.
  ...[0x07, 0x05, 0x01, 0x01, 0x6d, 0x02, 0x00],
]);

function pagesOf(program: Uint8Array): number {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(program), {});
  const memory = exports['m'] as WebAssembly.Memory;
  for (;;) {
    try {
      memory.grow(1);
    } catch {
      return memory.buffer.byteLength / PAGE_BYTES;
    }
  }
}

test.each([
  [512, 512],
  [300, 300],
  [7, 7],
  [1, 1],
  // A module never gets more than it was built with.
  [9_000, 512],
])(
  'of a module whose maximum is written to be %i pages, an instance has at most %i',
  (asked, most) => {
    expect(pagesOf(withMemoryMaximum(MODULE, asked * PAGE_BYTES + 1))).toBe(most);
  },
);

test('the module that it was made from stays as it was', () => {
  const before = Uint8Array.from(MODULE);
  withMemoryMaximum(MODULE, PAGE_BYTES);
  expect(MODULE).toEqual(before);
});

test.each([
  ['no memory', MODULE.subarray(0, 12)],
  ['a memory without a maximum', Uint8Array.from([...MODULE.subarray(0, 12), 5, 3, 1, 0, 1])],
  ['a memory that is larger already', MODULE],
])('a module with %s is refused', (_, program) => {
  expect(() => withMemoryMaximum(program, PAGE_BYTES - 1)).toThrow();
});
