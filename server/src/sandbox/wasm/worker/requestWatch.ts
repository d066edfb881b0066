/** Follows one request: what it has reported, and how long each of its executions takes. */
import { FrameCounter, type Measured } from '../../wire.ts';
import type { WorkerRequest } from '../messages.ts';

/** What is not worth another look: the shortest pause between two looks at the processor's clock. */
const SHORTEST_PAUSE_MS = 5;

export class RequestWatch {
  /** Time of each execution that has been reported in full. */
  readonly executions: Measured[] = [];
  readonly #request: WorkerRequest;
  readonly #frames = new FrameCounter();
  readonly #chunks: Uint8Array[] = [];
  readonly #onLimit: (end: 'cpu-limit' | 'wall-limit') => void;
  #started = readClocks();
  #executionStarted = this.#started;
  #timer: NodeJS.Timeout | undefined;

  /** `onLimit` is called once, after the start, unless the watch is stopped before. */
  constructor(request: WorkerRequest, onLimit: (end: 'cpu-limit' | 'wall-limit') => void) {
    this.#request = request;
    this.#onLimit = onLimit;
  }

  /** Starts the clocks: whatever was done before is not the program's. */
  start(): void {
    this.#started = readClocks();
    this.#executionStarted = this.#started;
    this.#lookAfter(Math.min(this.#request.cpuMs, this.#request.wallMs));
  }

  /** Takes what the program wrote; each full report renews the limits. */
  add(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    const complete = this.#frames.add(chunk);
    for (let count = 0; count < complete; count += 1) {
      const now = readClocks();
      this.executions.push(between(this.#executionStarted, now));
      this.#executionStarted = now;
    }
    if (complete > 0) this.#lookAfter(Math.min(this.#request.cpuMs, this.#request.wallMs));
  }

  /** Stops the clocks; returns the whole request's time and all that was written. */
  stop(): Measured & { readonly payload: Uint8Array } {
    clearTimeout(this.#timer);
    return { ...between(this.#started, readClocks()), payload: Buffer.concat(this.#chunks) };
  }

  #lookAfter(pauseMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#look();
    }, pauseMs);
  }

  #look(): void {
    const { cpuMs, wallMs } = this.#request;
    const used = between(this.#executionStarted, readClocks());
    if (used.wallMs >= wallMs) this.#onLimit('wall-limit');
    else if (used.cpuMs >= cpuMs) this.#onLimit('cpu-limit');
    else {
      const left = Math.min(cpuMs - used.cpuMs, wallMs - used.wallMs);
      this.#lookAfter(Math.max(SHORTEST_PAUSE_MS, left));
    }
  }
}

interface Clocks {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/**
 * The processor's time is that of the whole worker: the one program that runs in it, and besides
 * V8's compiler, which now and then works beside it on code that is used often.
 */
function readClocks(): Clocks {
  const { user, system } = process.cpuUsage();
  return { wallMs: performance.now(), cpuMs: (user + system) / 1000 };
}

function between(start: Clocks, end: Clocks): Measured {
  const wallMs = end.wallMs - start.wallMs;
  // One program runs on one core, so what exceeds the wall time was not its own.
  return { wallMs, cpuMs: Math.min(wallMs, end.cpuMs - start.cpuMs) };
}
