/** What passes between the sandbox's owner, its worker processes, and each worker's thread. */
import type { ChildEnd, Measured } from '../pool/wire.ts';
import type { Variant } from '../pool/sandboxServer.ts';

/**
 * Every program of either variant starts with so much memory, and an instance that grew beyond it is
 * dropped: memory never shrinks, and how much there is would tell a program what ran before it. Few
 * programs need more than the prepared interpreters leave of it.
 */
export const START_BYTES = 11 << 20;

/** What the host makes up for an execution. */
export interface HostSurroundings {
  readonly clockStartNs: bigint;
  /** How far each look at the clock moves it. */
  readonly clockStepNs: bigint;
  /** Of 32 bits, not 0. */
  readonly randomSeed: number;
}

/** How the two interpreters of a worker differ. */
export interface VariantSeeds {
  readonly hashSeed: number;
  /** What the addresses that programs see are masked with. */
  readonly addressMask: number;
  /** From which `wasm_entry.py` makes addresses and counts of its own; with 0 it leaves them alone. */
  readonly layoutSeed: number;
  /** While it is prepared. */
  readonly host: HostSurroundings;
}

/** First message of the owner to a worker. */
export interface WorkerStart {
  /** The WebAssembly binary, already checked. */
  readonly program: Uint8Array;
  /** Python text that prepares the interpreter. */
  readonly bootSource: string;
  readonly variants: readonly [VariantSeeds, VariantSeeds];
  /** What earlier workers have prepared, which this one then need not. */
  readonly prepared: Readonly<Partial<Record<Variant, Prepared>>>;
}

/** The memory of a prepared interpreter, and the one part of its state that is not in it. */
export interface Prepared {
  readonly memory: Uint8Array;
  readonly stackPointer: number;
}

/** First message of a worker to its owner: ready for requests. */
export interface WorkerHello extends WorkerPermissions {
  /** The first variant's interpreter, when this worker had to prepare it. */
  readonly prepared: Prepared | undefined;
}

export interface WorkerPermissions {
  /** Is Node's permission model in force? */
  readonly hasPermissions: boolean;
  /** Is the network closed by it too? Older versions of Node leave it open. */
  readonly hasNetworkPermission: boolean;
}

export interface WorkerRequest {
  readonly identifier: bigint;
  readonly variant: Variant;
  readonly surroundings: HostSurroundings;
  /** JSON for `service.py`, one for each execution. */
  readonly bodies: readonly string[];
  /** Marks true reports; in hexadecimal. */
  readonly token: string;
  /** Limits per execution. */
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly memoryMb: number;
  readonly executions: number;
  readonly payloadBytes: number;
}

export interface WorkerResponse extends Measured {
  readonly identifier: bigint;
  readonly end: ChildEnd;
  readonly exitCode: number | undefined;
  readonly signal: number;
  readonly memoryKb: number;
  readonly payload: Uint8Array;
  /** Time of each execution that was reported in full, measured outside the interpreter. */
  readonly executions: readonly Measured[];
  /** Resident memory of the whole worker process before a program, when it last held none. */
  readonly heldBytes: number;
  /** The variant's interpreter, when this worker had to prepare it. */
  readonly prepared: Prepared | undefined;
}

/** What a worker's thread is born with. */
export interface ThreadStart {
  readonly module: WebAssembly.Module;
}

/** `Prepared`, shared with the thread. */
export interface Snapshot {
  readonly memory: SharedArrayBuffer;
  readonly stackPointer: number;
}

export interface ThreadRequest {
  readonly variant: Variant;
  /** The state to start from. */
  readonly snapshot: Snapshot;
  readonly surroundings: HostSurroundings;
  readonly bodies: readonly string[];
  readonly token: string;
  readonly wallMs: number;
  readonly memoryMb: number;
  readonly payloadBytes: number;
}

export type ThreadMessage =
  | { readonly kind: 'ready' }
  /** The interpreter is as it was prepared, and the time of the first execution begins. */
  | { readonly kind: 'started'; readonly now: Clocks }
  /** The interpreter has returned from an execution with its report, a frame; the next begins. */
  | { readonly kind: 'reported'; readonly now: Clocks; readonly frame: Uint8Array<ArrayBuffer> }
  /** The request has ended, and what memory was needed for this one only is free again. */
  | {
      readonly kind: 'ended';
      readonly now: Clocks;
      readonly ending: Ending;
      readonly memoryKb: number;
    };

/** A reading of both clocks, in milliseconds: of a moment long ago that all threads share, and of the processor. */
export interface Clocks {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** How a call of the interpreter ended; `exitCode` is undefined when it trapped. */
export interface Ending {
  readonly end: Exclude<ChildEnd, 'cpu-limit'>;
  readonly exitCode: number | undefined;
  readonly signal: number;
}
