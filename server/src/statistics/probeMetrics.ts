/** What one look at the held-out tasks gives as curves. */
import { MODES } from '../../protocol/vocabulary.ts';
import { bootstrapInterval } from './bootstrap.ts';
import { cellMean, cellsOf, type Kind } from './cells.ts';
import { passAtK } from './passAtK.ts';

/** Of the interval that is drawn around a curve. */
const BAND_LEVEL = 0.95;

/** How one held-out task was answered. */
export interface ProbeOutcome extends Kind {
  readonly greedy: boolean;
  readonly sampled?: { readonly correct: number; readonly samples: number };
}

/**
 * Metrics by name. `probe.greedy.mean` is the mean over the cells of mode and stratum, with `.low` and
 * `.high` of its 95 % interval over tasks; `probe.greedy.<mode>` the mean over a mode's strata, and
 * `probe.greedy.stratum.<stratum>` over a stratum's modes. The same for `probe.pass1` and `probe.passK`
 * where answers were sampled; k is how many there are of each task.
 */
export function probeMetrics(outcomes: readonly ProbeOutcome[]): Map<string, number> {
  const metrics = new Map<string, number>();
  addRates(metrics, 'probe.greedy', outcomes, ({ greedy }) => Number(greedy));
  if (outcomes.some(({ sampled }) => sampled === undefined)) return metrics;
  addRates(metrics, 'probe.pass1', outcomes, (outcome) => passRate(outcome, 1));
  addRates(metrics, 'probe.passK', outcomes, (outcome) => passRate(outcome, Infinity));
  return metrics;
}

/** pass@k of one task, `k` cut to the answers that there are; 0 where none were sampled. */
export function passRate({ sampled }: Pick<ProbeOutcome, 'sampled'>, k: number): number {
  if (sampled === undefined || sampled.samples === 0) return 0;
  return passAtK(sampled.samples, sampled.correct, Math.min(k, sampled.samples));
}

function addRates(
  metrics: Map<string, number>,
  name: string,
  outcomes: readonly ProbeOutcome[],
  rateOf: (outcome: ProbeOutcome) => number,
): void {
  const cells = (some: readonly ProbeOutcome[]) => cellsOf(some).map((cell) => cell.map(rateOf));
  const all = cells(outcomes);
  const { low, high } = bootstrapInterval(all, BAND_LEVEL);
  metrics.set(`${name}.mean`, cellMean(all)).set(`${name}.low`, low).set(`${name}.high`, high);
  for (const mode of MODES) {
    const ofMode = outcomes.filter((outcome) => outcome.mode === mode);
    if (ofMode.length > 0) metrics.set(`${name}.${mode}`, cellMean(cells(ofMode)));
  }
  for (const stratum of strataOf(outcomes)) {
    const ofStratum = outcomes.filter((outcome) => outcome.stratum === stratum);
    metrics.set(`${name}.stratum.${stratum}`, cellMean(cells(ofStratum)));
  }
}

/** The strata that the tasks name, in the order in which they first occur. */
export function strataOf(tasks: readonly Kind[]): string[] {
  return [...new Set(tasks.flatMap(({ stratum }) => stratum ?? []))];
}
