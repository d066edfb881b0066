/** Two measurements of the same held-out tasks. */
import { type GreedyChange, type RateChange, REPORT_LEVEL } from '../../protocol/learning.ts';
import { bootstrapInterval } from './bootstrap.ts';
import { cellMean, cellsOf, type Kind } from './cells.ts';
import { mcNemarP } from './mcnemar.ts';

/** One task's rate, in [0, 1], at either time. */
export interface PairedRate extends Kind {
  readonly before: number;
  readonly after: number;
}

/** Means over cells, and the interval of their difference, whose tasks are drawn in pairs. */
export function rateChange(tasks: readonly PairedRate[]): RateChange {
  const cells = cellsOf(tasks);
  const mean = (rateOf: (task: PairedRate) => number) =>
    cellMean(cells.map((cell) => cell.map(rateOf)));
  const differences = cells.map((cell) => cell.map(({ before, after }) => after - before));
  return {
    before: mean(({ before }) => before),
    after: mean(({ after }) => after),
    ...bootstrapInterval(differences, REPORT_LEVEL),
  };
}

/** The same where each task is either right, 1, or wrong, 0. */
export function greedyChange(tasks: readonly PairedRate[]): Omit<GreedyChange, 'step'> {
  const gained = tasks.filter(({ before, after }) => after > before).length;
  const lost = tasks.filter(({ before, after }) => after < before).length;
  return { ...rateChange(tasks), gained, lost, pValue: mcNemarP(gained, lost) };
}
