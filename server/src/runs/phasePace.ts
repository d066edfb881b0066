/** How long the phase under way has left, by how fast it went so far. */
import type { RunEvent } from '../../protocol/events.ts';

type PhaseEvent = Extract<RunEvent, { readonly kind: 'phase' }>;

export class PhasePace {
  #first: { readonly event: PhaseEvent; readonly atMs: number } | undefined;

  /** Milliseconds; undefined before anything of the phase is done, and when it does not count what it does. */
  remainingMs(event: PhaseEvent, nowMs: number = performance.now()): number | undefined {
    const first = this.#first;
    if (first === undefined || !isSamePhase(first.event, event)) {
      this.#first = { event, atMs: nowMs };
      return undefined;
    }
    const done = event.done - first.event.done;
    if (done <= 0) return undefined;
    return ((nowMs - first.atMs) / done) * Math.max(0, event.total - event.done);
  }
}

function isSamePhase(left: PhaseEvent, right: PhaseEvent): boolean {
  return left.step === right.step && left.phase === right.phase && left.total === right.total;
}
