/**
 * What measuring the held-out tasks costs of a run, told once when it is much: on a slow machine hundreds of
 * answers take minutes, during which nothing is learned. Nothing is left out for it, since what is
 * measured must not depend on how fast a machine is.
 */
import type { RunEvent, RunListener } from '../../protocol/events.ts';
import type { RunSettings } from '../../protocol/settings.ts';
import { probeDue } from '../method/measuring/probe.ts';

/** Of the time of the run. */
const MUCH = 0.1;
/** What takes less at a time needs no notice. */
const SHORTEST_MS = 60_000;

type ProbeSettings = Pick<
  RunSettings,
  'steps' | 'probeEverySteps' | 'probeSampleEverySteps' | 'probeSamples'
>;

export class ProbeCost {
  readonly #settings: ProbeSettings;
  #beganMs: number | undefined;
  /** How long the first measurement took, which asks everything. */
  #fullMs: number | undefined;
  #isTold = false;

  constructor(settings: ProbeSettings) {
    this.#settings = settings;
  }

  /** What to tell after `event`, which came at `nowMs`; undefined mostly. */
  hear(event: RunEvent, nowMs: number): string | undefined {
    if (this.#isTold || event.kind === 'task' || event.kind === 'notice') return undefined;
    const isProbing = event.kind === 'phase' && event.phase === 'probe' && event.step === 0;
    if (isProbing) this.#beganMs ??= nowMs;
    else if (this.#beganMs !== undefined) this.#fullMs ??= nowMs - this.#beganMs;
    if (event.kind !== 'step' || event.step !== 1) return undefined;
    this.#isTold = true;
    const fullMs = this.#fullMs ?? 0;
    return fullMs < SHORTEST_MS ? undefined : this.#verdict(fullMs, event.durationMs);
  }

  #verdict(fullMs: number, stepMs: number): string | undefined {
    const { steps, probeSamples } = this.#settings;
    const due = Array.from({ length: steps + 1 }, (_, step) => probeDue(this.#settings, step));
    const full = due.filter((what) => what === 'both').length;
    const greedy = due.filter((what) => what === 'greedy').length;
    // One greedy answer to each task, where the full measurement also samples.
    const probingMs = fullMs * (full + greedy / (1 + probeSamples));
    const share = probingMs / (probingMs + stepMs * steps);
    if (share <= MUCH) return undefined;
    const each = minutes(fullMs);
    return `Measuring the held-out tasks took ${each}, and will be about ${Math.round(share * 100)} % of this run (${minutes(probingMs)}). To measure less, start a run with a larger "probeEverySteps", fewer "probeSamples", or a "probe" file of fewer tasks.`;
  }
}

/** Passes everything on to `listener`, and says what measuring costs where it is much. */
export function tellingProbeCost(settings: ProbeSettings, listener: RunListener): RunListener {
  const cost = new ProbeCost(settings);
  return (event) => {
    listener(event);
    const message = cost.hear(event, Date.now());
    if (message !== undefined) listener({ kind: 'notice', message });
  };
}

function minutes(milliseconds: number): string {
  return `${(milliseconds / 60_000).toFixed(milliseconds < 600_000 ? 1 : 0)} min`;
}
