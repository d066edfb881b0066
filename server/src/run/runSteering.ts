/**
 * How a run that is under way is steered: stop after the step, stop at once, pause, go on. Signals,
 * the terminal and every client of the runner's endpoint turn the same wheel.
 */
import type { Problem } from '../../protocol/problem.ts';
import type { RunState } from '../../protocol/runs.ts';
import type { StopTime } from '../../protocol/runnerMessages.ts';
import type { LoopControl } from '../method/loop.ts';

type Wish = 'go' | 'pause' | 'stop-after-step' | 'stop-now';

export class RunSteering {
  /** What the loop asks between its steps. */
  readonly control: LoopControl;
  readonly #abort = new AbortController();
  readonly #listeners = new Set<() => void>();
  #started = false;
  /** Present while the loop waits. */
  #wake: (() => void) | undefined;
  #wish: Wish = 'go';
  #held: Problem | undefined;
  readonly #turns = new Set<() => void>();

  constructor() {
    this.control = {
      signal: this.#abort.signal,
      stopAfterStep: () => this.stopWanted !== undefined,
      pauseAfterStep: () => this.#wish === 'pause',
      resumed: () => this.#untilResumed(),
    };
  }

  get state(): RunState {
    if (this.stopWanted !== undefined) return 'stopping';
    if (!this.#started) return 'starting';
    if (this.#held !== undefined) return 'paused';
    if (this.#wish === 'pause') return this.#wake === undefined ? 'pausing' : 'paused';
    return 'running';
  }

  /** What the run waits for without having been paused. */
  get held(): Problem | undefined {
    return this.stopWanted === undefined ? this.#held : undefined;
  }

  /** How urgently the run is asked to stop, if it is. */
  get stopWanted(): StopTime | undefined {
    if (this.#wish === 'stop-now') return 'now';
    return this.#wish === 'stop-after-step' ? 'after-step' : undefined;
  }

  /** `listener` is called after every change; returns what ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The engine is there and the first step begins. */
  started(): void {
    this.#change(() => {
      this.#started = true;
    });
  }

  /** Ends the run. There is no way back, except to a more urgent stop. */
  stop(when: StopTime): void {
    if (this.#wish === 'stop-now') return;
    this.#change(() => {
      this.#wish = when === 'now' ? 'stop-now' : 'stop-after-step';
      this.#goOn();
    });
    this.#turn();
    if (when === 'now') this.#abort.abort();
  }

  /** Lets the step under way finish and then waits, engine and sandbox kept. */
  pause(): void {
    if (this.#wish !== 'go') return;
    this.#change(() => {
      this.#wish = 'pause';
    });
  }

  /** The run cannot go on for `problem`, and shows as paused; undefined when it can again. */
  hold(problem: Problem | undefined): void {
    this.#change(() => {
      this.#held = problem;
    });
  }

  /** Resolves after `waitMs`, or earlier when somebody asks the run to go on or to stop. */
  async turned(waitMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const turn = (): void => {
        clearTimeout(timer);
        this.#turns.delete(turn);
        resolve();
      };
      const timer = setTimeout(turn, waitMs);
      this.#turns.add(turn);
    });
  }

  resume(): void {
    if (this.#held !== undefined) this.#turn();
    if (this.#wish !== 'pause') return;
    this.#change(() => {
      this.#wish = 'go';
      this.#goOn();
    });
  }

  #untilResumed(): Promise<void> {
    if (this.#wish !== 'pause') return Promise.resolve();
    return new Promise((resolve) => {
      this.#change(() => {
        this.#wake = resolve;
      });
    });
  }

  #turn(): void {
    for (const turn of [...this.#turns]) turn();
  }

  #goOn(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  #change(action: () => void): void {
    const before = [this.state, this.stopWanted];
    action();
    if (this.state === before[0] && this.stopWanted === before[1]) return;
    for (const listener of [...this.#listeners]) listener();
  }
}
