/** One interpreter: prepared once, copied, and put back into that state before every program. */
import {
  type Ending,
  type Prepared,
  START_BYTES,
  type ThreadRequest,
  type VariantSeeds,
} from '../messages.ts';
import type { Variant } from '../../pool/sandboxServer.ts';
import { Host, ProgramExit, SleptTooLong } from './hostImports.ts';
import { NotAReport, ReportedTooMuch, ReportReader } from './reportReader.ts';

/** The custom section of the binary that holds the standard library. */
const LIBRARY_SECTION = 'azr.library';
const BYTES_PER_MIB = 1 << 20;
const PAGE_BYTES = 65_536;

const RETURNED: Ending = { end: 'exited', exitCode: 0, signal: 0 };
const FORGED: Ending = { end: 'forged', exitCode: 0, signal: 0 };
const TRAPPED: Ending = { end: 'exited', exitCode: undefined, signal: 11 };

/** What `reactor.c` exports. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly __stack_pointer: WebAssembly.Global;
  _initialize(): void;
  alloc(bytes: number): number;
  init(hashSeed: number, addressMask: number, library: number, bytes: number): number;
  boot(source: number): number;
  run(request: number, length: number, memoryBytes: number): number;
}

/** Hears of a request's executions as they go. */
export interface CallListener {
  /** The interpreter is as it was prepared: what it does from here on is the first execution's. */
  readonly onStarted: () => void;
  /** It has returned from an execution with its report, a frame. The next execution begins. */
  readonly onReported: (frame: Uint8Array<ArrayBuffer>) => void;
}

/**
 * Starts Python and has it run `bootSource`; returns the state it is in then. The same inputs give
 * the same bytes. Throws when Python does not start, which only a damaged installation can cause.
 */
export function prepareSnapshot(
  module: WebAssembly.Module,
  bootSource: string,
  seeds: VariantSeeds,
): Prepared {
  const host = new Host();
  host.reset(seeds.host);
  const exports = instantiate(module, host);
  const [section] = WebAssembly.Module.customSections(module, LIBRARY_SECTION);
  if (section === undefined) throw new Error(`The module has no section ${LIBRARY_SECTION}.`);
  exports._initialize();
  const library = write(exports, new Uint8Array(section));
  const { hashSeed, addressMask, layoutSeed } = seeds;
  const source = `LAYOUT_SEED = ${layoutSeed}\n${bootSource}\0`;
  const failed =
    exports.init(hashSeed, addressMask, library, section.byteLength) ||
    exports.boot(write(exports, Buffer.from(source)));
  if (failed !== 0) throw new Error(`Python did not start (${failed}): ${host.complaint}`);
  growTo(exports.memory, START_BYTES);
  const memory = new Uint8Array(exports.memory.buffer).slice();
  if (memory.length > START_BYTES) {
    throw new Error(`The prepared interpreter takes ${memory.length} bytes; raise START_BYTES.`);
  }
  return { memory, stackPointer: exports.__stack_pointer.value };
}

interface State {
  /** All of the memory between the zeros at its beginning, most of the C stack, and at its end. */
  readonly content: Uint8Array;
  readonly address: number;
  readonly stackPointer: number;
}

export class Interpreter {
  readonly #module: WebAssembly.Module;
  readonly #states: Partial<Record<Variant, State>> = {};
  readonly #host = new Host();
  #exports: Exports | undefined;

  constructor(module: WebAssembly.Module) {
    this.#module = module;
  }

  /** All of its linear memory, as the last call left it. */
  get memory(): Uint8Array {
    return new Uint8Array(this.#exports?.memory.buffer ?? new ArrayBuffer(0));
  }

  /**
   * Answers one request in a fresh copy of the prepared interpreter, which is called once for each
   * execution; those after one that gave no report do not happen. Never throws for a program's sake.
   */
  call(request: ThreadRequest, { onStarted, onReported }: CallListener): Ending {
    const exports = this.#restore(this.#stateOf(request));
    const reports = new ReportReader(Buffer.from(request.token, 'hex'), request.payloadBytes);
    this.#host.reset(request.surroundings, reports);
    onStarted();
    for (const body of request.bodies) {
      this.#host.allowSleep(request.wallMs);
      const grown = exports.memory.buffer.byteLength - START_BYTES;
      const ending = run(exports, body, Math.max(0, request.memoryMb * BYTES_PER_MIB - grown));
      if (reports.isBroken && ending.end === 'exited') return FORGED;
      const frame = ending === RETURNED ? reports.take() : undefined;
      if (frame === undefined) return ending;
      onReported(frame);
    }
    return RETURNED;
  }

  /** Frees what no later call uses: memory that grew. */
  release(): void {
    if (this.memory.length <= START_BYTES) return;
    this.#exports = undefined;
    this.#host.memory = undefined;
    // V8 would keep the memory until much else has been allocated beside it.
    (globalThis as { gc?: () => void }).gc?.();
  }

  #stateOf({ variant, snapshot: { memory, stackPointer } }: ThreadRequest): State {
    const known = this.#states[variant];
    if (known !== undefined) return known;
    // Copied out of shared memory, from which V8 copies more slowly.
    const bytes = new Uint8Array(memory);
    const first = bytes.findIndex((byte) => byte !== 0);
    // Whole pages are copied faster.
    const address = first - (first % PAGE_BYTES);
    const content = bytes.slice(address, bytes.findLastIndex((byte) => byte !== 0) + 1);
    return (this.#states[variant] = { content, address, stackPointer });
  }

  /**
   * Linear memory and the stack pointer are all the state there is: the module's other globals and
   * its table are constant. Whatever an earlier program did to them is undone here.
   */
  #restore({ content, address, stackPointer }: State): Exports {
    this.release();
    const exports = (this.#exports ??= instantiate(this.#module, this.#host));
    growTo(exports.memory, START_BYTES);
    const view = new Uint8Array(exports.memory.buffer);
    view.fill(0, 0, address);
    view.set(content, address);
    view.fill(0, address + content.length);
    exports.__stack_pointer.value = stackPointer;
    return exports;
  }
}

/** One call of the harness; a program that leaves by itself does not return from it. */
function run(exports: Exports, body: string, memoryBytes: number): Ending {
  try {
    const text = Buffer.from(body);
    const exitCode = exports.run(write(exports, text), text.length, memoryBytes);
    return exitCode === 0 ? RETURNED : { end: 'exited', exitCode, signal: 0 };
  } catch (error) {
    return endingOf(error);
  }
}

function instantiate(module: WebAssembly.Module, host: Host): Exports {
  const { exports } = new WebAssembly.Instance(module, host.imports());
  host.memory = exports['memory'] as WebAssembly.Memory;
  return exports as unknown as Exports;
}

function growTo(memory: WebAssembly.Memory, bytes: number): void {
  const missing = bytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(missing / PAGE_BYTES);
}

/** Puts `bytes` where the interpreter finds them. */
function write(exports: Exports, bytes: Uint8Array): number {
  const address = exports.alloc(bytes.length);
  if (address === 0) throw new RangeError('The request does not fit into memory.');
  new Uint8Array(exports.memory.buffer).set(bytes, address);
  return address;
}

function endingOf(error: unknown): Ending {
  if (error instanceof ProgramExit) return { end: 'exited', exitCode: error.code, signal: 0 };
  if (error instanceof SleptTooLong) return { end: 'wall-limit', exitCode: 0, signal: 0 };
  if (error instanceof NotAReport) return FORGED;
  if (error instanceof ReportedTooMuch) return { end: 'payload-limit', exitCode: 0, signal: 0 };
  // A trap, the end of the stack, or an address outside of memory that was given to the host.
  if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) return TRAPPED;
  throw error;
}
