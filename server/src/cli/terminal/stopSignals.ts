/** Turns Ctrl-C and the other ways of asking a program to end into a clean stop of the run. */
import type { RunSteering } from '../../run/runSteering.ts';
import { EXIT } from '../command.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * The first signal lets the step finish, the second ends it at once, a third ends the process
 * without waiting for anything. A resumed run goes on from its newest checkpoint in any case.
 */
export class StopSignals {
  readonly #steering: RunSteering;
  readonly #onSignal = (): void => {
    this.#advance();
  };

  constructor(steering: RunSteering) {
    this.#steering = steering;
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
  }

  dispose(): void {
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
  }

  #advance(): void {
    const wanted = this.#steering.stopWanted;
    if (wanted === 'now') process.exit(EXIT.interrupted);
    this.#steering.stop(wanted === undefined ? 'after-step' : 'now');
  }
}
