/** Turns Ctrl-C and the other ways of asking a program to end into a clean stop of the loop. */
import type { LoopControl } from '../azr/loop.ts';
import { EXIT } from './command.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export type StopState = 'running' | 'finishing-step' | 'stopping-now';

/**
 * The first signal lets the step finish, the second ends it at once, a third ends the process
 * without waiting for anything. Nothing that was committed is lost in any case.
 */
export class StopSignals {
  readonly control: LoopControl;
  readonly #abort = new AbortController();
  readonly #tell: (state: StopState) => void;
  readonly #onSignal = (): void => {
    this.#advance();
  };
  #state: StopState = 'running';

  /** `tell` is called whenever the state changes. */
  constructor(tell: (state: StopState) => void) {
    this.#tell = tell;
    this.control = {
      stopAfterStep: () => this.#state !== 'running',
      signal: this.#abort.signal,
    };
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
  }

  get state(): StopState {
    return this.#state;
  }

  dispose(): void {
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
  }

  #advance(): void {
    if (this.#state === 'stopping-now') process.exit(EXIT.interrupted);
    this.#state = this.#state === 'running' ? 'finishing-step' : 'stopping-now';
    if (this.#state === 'stopping-now') this.#abort.abort();
    this.#tell(this.#state);
  }
}

/** What a person is told when the state changes. */
export function stopMessage(state: StopState): string {
  return state === 'finishing-step'
    ? 'Finishing this step and saving a checkpoint, then stopping. Ctrl-C again stops at once.'
    : 'Stopping at once. What was committed stays; the step under way is dropped.';
}
