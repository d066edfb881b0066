/**
 * The most memory that an instance of a WebAssembly module can have, written into the module before it
 * is compiled. What Python itself counts can be changed by a program that gets hold of the interpreter's
 * memory, as broken bytecode does; what the module says holds in V8.
 */

const PAGE_BYTES = 65_536;
const HEADER_BYTES = 8;
const MEMORY_SECTION = 5;
/** Of the limits' flags: there is a maximum. */
const HAS_MAXIMUM = 0x01;

/**
 * A copy of `program` whose memory has at most `bytes`, or what it said before where that is less.
 * Throws where the program is not of the form that `server/sandbox/build` gives it: one memory with a
 * maximum. https://webassembly.github.io/spec/core/binary/modules.html#memory-section
 */
export function withMemoryMaximum(program: Uint8Array, bytes: number): Uint8Array {
  const limited = Uint8Array.from(program);
  let position = HEADER_BYTES;
  while (position < limited.length) {
    const section = limited[position];
    const size = readNumber(limited, position + 1);
    if (section === MEMORY_SECTION) {
      limitMemory(limited, size.end, Math.floor(bytes / PAGE_BYTES));
      return limited;
    }
    position = size.end + size.value;
  }
  throw new Error('The interpreter declares no memory.');
}

function limitMemory(program: Uint8Array, start: number, mostPages: number): void {
  const count = readNumber(program, start);
  const hasMaximum = program[count.end] === HAS_MAXIMUM;
  const minimum = readNumber(program, count.end + 1);
  const maximum = readNumber(program, minimum.end);
  if (count.value !== 1 || !hasMaximum || mostPages < minimum.value) {
    throw new Error('The interpreter declares its memory in another form.');
  }
  const pages = Math.min(maximum.value, mostPages);
  writeNumber(program, minimum.end, maximum.end, pages);
}

/** An unsigned integer in LEB128, and where the next thing begins. */
function readNumber(
  program: Uint8Array,
  start: number,
): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let index = 0; index < 5; index += 1) {
    const byte = program[start + index]!;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if ((byte & 0x80) === 0) return { value, end: start + index + 1 };
  }
  throw new Error('The interpreter has a number that is too long.');
}

/** In as many bytes as the number that stands there takes, so that nothing else moves. */
function writeNumber(program: Uint8Array, start: number, end: number, value: number): void {
  let rest = value;
  for (let position = start; position < end; position += 1) {
    const isLast = position === end - 1;
    program[position] = (rest & 0x7f) | (isLast ? 0 : 0x80);
    rest >>>= 7;
  }
}
