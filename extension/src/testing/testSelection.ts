/** Which tasks a test run is about: what somebody chose in the Test Explorer, by run. */
import type { TestRunRequest } from 'vscode';

import type { SafeTestItem } from '../shown/safeTests.ts';

/** Tasks of one run, in the order of their file. */
export interface ChosenTasks {
  readonly run: SafeTestItem;
  readonly items: readonly SafeTestItem[];
  /** All that the run has. */
  readonly isWhole: boolean;
}

/**
 * The chosen tasks of each run that has some. An item that is chosen stands for all below it, less what is
 * excluded. @param tasksOf the tasks of a run, which may not have been listed yet
 */
export async function chosenTasks(
  request: Pick<TestRunRequest, 'include' | 'exclude'>,
  runs: readonly SafeTestItem[],
  tasksOf: (run: SafeTestItem) => Promise<readonly SafeTestItem[]>,
): Promise<readonly ChosenTasks[]> {
  const included = request.include === undefined ? undefined : new Set<unknown>(request.include);
  const excluded = new Set<unknown>(request.exclude ?? []);
  const roots = new Set(request.include?.map((item) => lineageOf(item).at(-1)));
  const chosen: ChosenTasks[] = [];
  for (const run of runs) {
    if (included !== undefined && !roots.has(run)) continue;
    const all = await tasksOf(run);
    const items = all.filter((item) => {
      const lineage = lineageOf(item);
      const isIncluded = included === undefined || lineage.some((one) => included.has(one));
      return isIncluded && !lineage.some((one) => excluded.has(one));
    });
    if (items.length > 0) chosen.push({ run, items, isWhole: items.length === all.length });
  }
  return chosen;
}

interface Item {
  readonly parent: Item | undefined;
}

/** The item and what is above it, up to its run. */
function lineageOf(item: Item): Item[] {
  return item.parent === undefined ? [item] : [item, ...lineageOf(item.parent)];
}
