/** The events of the step under way, for clients that connect in the middle of it. */
import type { RunEvent } from '../../../protocol/events.ts';
import { SHOWN_TASKS } from '../../runs/liveTasks.ts';

type Progress = Extract<RunEvent, { readonly kind: 'phase' | 'task' }>;

export class StepUnderWay {
  #step = -1;
  #phase: Progress | undefined;
  #tasks: Progress[] = [];

  /** Its latest tasks, oldest first, and then how far it is. */
  get progress(): readonly Progress[] {
    return this.#phase === undefined ? this.#tasks : [...this.#tasks, this.#phase];
  }

  hear(event: RunEvent): void {
    if (event.kind === 'step' || event.kind === 'finished') this.#begin(event.step + 1);
    if (event.kind !== 'phase' && event.kind !== 'task') return;
    if (event.step !== this.#step) this.#begin(event.step);
    if (event.kind === 'phase') this.#phase = event;
    else this.#tasks.push(event);
    if (this.#tasks.length > SHOWN_TASKS) this.#tasks.shift();
  }

  #begin(step: number): void {
    this.#step = step;
    this.#phase = undefined;
    this.#tasks = [];
  }
}
