/** Two measurements of different tasks of the same kinds. */
import { type RateChange, REPORT_LEVEL } from '../../protocol/learning.ts';
import { bootstrapDifference } from './bootstrap.ts';
import { cellMean, cellsOf, type Kind } from './cells.ts';

/** One task's rate, in [0, 1]. */
export interface TaskRate extends Kind {
  readonly rate: number;
}

/** Means over cells, and the interval of their difference, whose tasks are drawn apart on either side. */
export function unpairedChange(
  before: readonly TaskRate[],
  after: readonly TaskRate[],
): RateChange {
  const [earlier, later] = [before, after].map((tasks) =>
    cellsOf(tasks).map((cell) => cell.map(({ rate }) => rate)),
  ) as [number[][], number[][]];
  return {
    before: cellMean(earlier),
    after: cellMean(later),
    ...bootstrapDifference(earlier, later, REPORT_LEVEL),
  };
}
