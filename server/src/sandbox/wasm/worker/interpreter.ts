/** One interpreter: prepared once, copied, and put back into that state before every program. */
import type { Ending, Prepared, Snapshot, VariantSeeds } from '../messages.ts';
import type { Variant } from '../../sandboxServer.ts';
import {
  Host,
  type HostLimits,
  ProgramExit,
  ReportedTooMuch,
  SleptTooLong,
} from './hostImports.ts';

/** The custom section of the binary that holds the standard library. */
const LIBRARY_SECTION = 'azr.library';
const BYTES_PER_MIB = 1 << 20;
const PAGE_BYTES = 65_536;

/** An instance that grew its memory by more than this is let go, since memory never shrinks. */
const KEPT_GROWTH_BYTES = 8 * BYTES_PER_MIB;

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

export interface Call extends HostLimits {
  readonly variant: Variant;
  readonly snapshot: Snapshot;
  readonly body: string;
  readonly memoryMb: number;
}

/**
 * Starts Python and has it run `bootSource`; returns the state it is in then. The same inputs give
 * the same bytes. Throws when Python does not start, which only a damaged installation can cause.
 */
export function prepareSnapshot(
  module: WebAssembly.Module,
  bootSource: string,
  seeds: VariantSeeds,
  variant: Variant,
): Prepared {
  const host = new Host(() => {
    throw new Error('The harness wrote a result before it was asked for one.');
  });
  host.reset(variant, { wallMs: 0, payloadBytes: 0 });
  const exports = instantiate(module, host);
  const [section] = WebAssembly.Module.customSections(module, LIBRARY_SECTION);
  if (section === undefined) throw new Error(`The module has no section ${LIBRARY_SECTION}.`);
  exports._initialize();
  const library = write(exports, new Uint8Array(section));
  const { hashSeed, addressMask } = seeds;
  const failed =
    exports.init(hashSeed, addressMask, library, section.byteLength) ||
    exports.boot(write(exports, Buffer.from(`${bootSource}\0`)));
  if (failed !== 0) throw new Error(`Python did not start (${failed}): ${host.complaint}`);
  const memory = new Uint8Array(exports.memory.buffer).slice();
  return { memory, stackPointer: exports.__stack_pointer.value };
}

interface State {
  readonly bytes: Uint8Array;
  /** So many bytes at the beginning, most of the C stack, are zero. */
  readonly zeros: number;
  readonly stackPointer: number;
}

export class Interpreter {
  readonly #module: WebAssembly.Module;
  readonly #states: Partial<Record<Variant, State>> = {};
  readonly #host: Host;
  #exports: Exports;

  /** @param onResult is given what programs, and the harness for them, report */
  constructor(module: WebAssembly.Module, onResult: (bytes: Uint8Array) => void) {
    this.#module = module;
    this.#host = new Host(onResult);
    this.#exports = instantiate(module, this.#host);
  }

  /** All of its linear memory, as the last call left it. */
  get memory(): Uint8Array {
    return new Uint8Array(this.#exports.memory.buffer);
  }

  /**
   * Answers one request in a fresh copy of the prepared interpreter. Never throws for a program's sake.
   * @param onStarted is called when the copy has been made
   */
  call(request: Call, onStarted: () => void = () => undefined): Ending {
    this.#restore(this.#stateOf(request));
    this.#host.reset(request.variant, request);
    onStarted();
    try {
      const body = Buffer.from(request.body);
      const exitCode = this.#exports.run(
        write(this.#exports, body),
        body.length,
        request.memoryMb * BYTES_PER_MIB,
      );
      return { end: 'exited', exitCode, signal: 0 };
    } catch (error) {
      return endingOf(error);
    }
  }

  #stateOf({ variant, snapshot: { memory, stackPointer } }: Call): State {
    const known = this.#states[variant];
    if (known !== undefined) return known;
    // Copied out of shared memory, from which V8 copies more slowly.
    const bytes = new Uint8Array(memory).slice();
    const zeros = bytes.findIndex((byte) => byte !== 0);
    return (this.#states[variant] = { bytes, zeros, stackPointer });
  }

  /**
   * Linear memory and the stack pointer are all the state there is: the module's other globals and
   * its table are constant. Whatever an earlier program did to them is undone here.
   */
  #restore({ bytes, zeros, stackPointer }: State): void {
    if (this.#exports.memory.buffer.byteLength > bytes.length + KEPT_GROWTH_BYTES) {
      this.#exports = instantiate(this.#module, this.#host);
    }
    growTo(this.#exports.memory, bytes.length);
    const view = new Uint8Array(this.#exports.memory.buffer);
    view.fill(0, 0, zeros);
    view.set(bytes.subarray(zeros), zeros);
    view.fill(0, bytes.length);
    this.#exports.__stack_pointer.value = stackPointer;
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
  if (error instanceof ReportedTooMuch) return { end: 'payload-limit', exitCode: 0, signal: 0 };
  // A trap, the end of the stack, or an address outside of memory that was given to the host.
  if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) return TRAPPED;
  throw error;
}
