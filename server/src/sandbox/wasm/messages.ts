/** What passes between the sandbox's owner, its worker processes, and each worker's thread. */
import type { ChildEnd, Measured } from '../wire.ts';
import type { Variant } from '../sandboxServer.ts';

/** How the two interpreters of a worker differ, besides their clocks and random numbers. */
export interface VariantSeeds {
  readonly hashSeed: number;
  /** What the addresses that programs see are masked with. */
  readonly addressMask: number;
}

/** First message of the owner to a worker. */
export interface WorkerStart {
  /** The WebAssembly binary, already checked. */
  readonly program: Uint8Array;
  /** Python text that prepares the interpreter. */
  readonly bootSource: string;
  readonly variants: readonly [VariantSeeds, VariantSeeds];
}

/** First message of a worker to its owner: ready for requests. */
export interface WorkerHello {
  /** Is Node's permission model in force? */
  readonly hasPermissions: boolean;
  /** Is the network closed by it too? Older versions of Node leave it open. */
  readonly hasNetworkPermission: boolean;
}

export interface WorkerRequest {
  readonly identifier: number;
  readonly variant: Variant;
  /** JSON for `service.py`. */
  readonly body: string;
  /** Limits per execution. */
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly memoryMb: number;
  readonly executions: number;
  readonly payloadBytes: number;
}

export interface WorkerResponse extends Measured {
  readonly identifier: number;
  readonly end: ChildEnd;
  readonly exitCode: number | undefined;
  readonly signal: number;
  readonly memoryKb: number;
  readonly payload: Uint8Array;
  /** Time of each execution that was reported in full, measured outside the interpreter. */
  readonly executions: readonly Measured[];
}

/** What a worker's thread is born with. */
export interface ThreadStart {
  readonly module: WebAssembly.Module;
  readonly snapshots: Snapshots;
}

/** Of each variant that has been asked for so far. */
export type Snapshots = Readonly<Partial<Record<Variant, Snapshot>>>;

/** A prepared interpreter: its memory, and the one global that is not in its memory. */
export interface Snapshot {
  readonly memory: SharedArrayBuffer;
  readonly stackPointer: number;
}

export interface ThreadRequest {
  readonly variant: Variant;
  /** Of the variant, the first time that the thread is asked for it, unless it was born with it. */
  readonly snapshot: Snapshot | undefined;
  readonly body: string;
  readonly wallMs: number;
  readonly memoryMb: number;
  readonly payloadBytes: number;
}

export type ThreadMessage =
  | { readonly kind: 'ready' }
  /** The program, or the harness for it, wrote to the result descriptor. */
  | { readonly kind: 'wrote'; readonly bytes: Uint8Array }
  | { readonly kind: 'ended'; readonly ending: Ending; readonly memoryKb: number };

/** How a call of the interpreter ended; `exitCode` is undefined when it trapped. */
export interface Ending {
  readonly end: Exclude<ChildEnd, 'cpu-limit'>;
  readonly exitCode: number | undefined;
  readonly signal: number;
}
