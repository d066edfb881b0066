/** Follows one request: what it has reported, and how long each of its executions takes. */
import type { Measured } from '../../pool/wire.ts';
import type { Clocks, WorkerRequest } from '../messages.ts';
import { between, readClocks } from './clocks.ts';

/** What is not worth another look: the shortest pause between two looks at the processor's clock. */
const SHORTEST_PAUSE_MS = 5;

export class RequestWatch {
  /** Time of each execution that has been reported in full. */
  readonly executions: Measured[] = [];
  readonly #request: WorkerRequest;
  readonly #frames: Uint8Array[] = [];
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
  start(now: Clocks): void {
    this.#started = now;
    this.#executionStarted = now;
    this.#lookAfter(Math.min(this.#request.cpuMs, this.#request.wallMs));
  }

  /**
   * An execution has ended with its report at `now`, as the host saw it, and the next has its own
   * limits. A request of n executions so ends after n times the limit: programs have no say in it.
   */
  reported(frame: Uint8Array, now: Clocks): void {
    this.#frames.push(frame);
    this.executions.push(between(this.#executionStarted, now));
    this.#executionStarted = now;
    this.#lookAfter(Math.min(this.#request.cpuMs, this.#request.wallMs));
  }

  /** Stops the clocks; returns the whole request's time and all that was reported. */
  stop(now: Clocks): Measured & { readonly payload: Uint8Array } {
    clearTimeout(this.#timer);
    return { ...between(this.#started, now), payload: Buffer.concat(this.#frames) };
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
