/**
 * How tasks of several kinds become one number. A cell is the tasks of one mode and stratum; a mean over
 * several cells weighs each cell alike, however many tasks it has, so that a set with more tasks of one
 * kind does not become a measurement of that kind.
 */
import type { Mode } from '../../protocol/vocabulary.ts';

export interface Kind {
  readonly mode: Mode;
  readonly stratum?: string;
}

/** The tasks by cell, cells in the order in which they first occur. */
export function cellsOf<Task extends Kind>(tasks: readonly Task[]): readonly (readonly Task[])[] {
  const cells = new Map<string, Task[]>();
  for (const task of tasks) {
    const key = JSON.stringify([task.mode, task.stratum]);
    const cell = cells.get(key);
    if (cell === undefined) cells.set(key, [task]);
    else cell.push(task);
  }
  return [...cells.values()];
}

/** Mean over the cells of the mean of each; NaN without tasks. */
export function cellMean(cells: readonly (readonly number[])[]): number {
  return mean(cells.map(mean));
}

/** NaN of nothing. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
