/** The tasks of the step under way, as its runner tells of them before they are stored. */
import type { RunEvent } from '../../protocol/events.ts';
import type { LiveTask } from '../../protocol/runs.ts';
import { programTitle } from '../store/lists/listText.ts';

/** A screenful; all of a step are in its rows a moment later. */
export const SHOWN_TASKS = 40;

export class LiveTasks {
  #step = -1;
  #count = 0;
  #latest: readonly LiveTask[] = [];

  /** The latest, oldest first. */
  get latest(): readonly LiveTask[] {
    return this.#latest;
  }

  hear(event: Extract<RunEvent, { readonly kind: 'task' | 'phase' | 'step' }>): void {
    if (event.kind === 'step') {
      this.#begin(event.step + 1);
      return;
    }
    if (event.step !== this.#step) this.#begin(event.step);
    if (event.kind === 'phase') return;
    this.#count += 1;
    const { mode, program, solveRate } = event;
    const task: LiveTask = {
      ...{ number: this.#count, mode, title: programTitle(program) },
      ...(solveRate !== undefined && { solveRate }),
    };
    this.#latest = [...this.#latest.slice(1 - SHOWN_TASKS), task];
  }

  #begin(step: number): void {
    this.#step = step;
    this.#count = 0;
    this.#latest = [];
  }
}
