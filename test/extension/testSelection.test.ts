/** What somebody chose in the Test Explorer, as tasks of runs. */
import { expect, test } from 'vitest';

import { chosenTasks } from '../../extension/src/testing/testSelection.ts';

interface Item {
  readonly id: string;
  readonly parent: Item | undefined;
}

/** Two runs of four tasks each, in two modes. */
const runs = ['first', 'second'].map((id): Item => ({ id, parent: undefined }));
const modes = runs.map((run) =>
  ['deduction', 'abduction'].map((id): Item => ({ id, parent: run })),
);
const tasks = modes.map((of) =>
  of.flatMap((mode) =>
    ['a', 'b'].map((name): Item => ({ id: `${mode.id}-${name}`, parent: mode })),
  ),
);

async function chosen(include: readonly Item[] | undefined, exclude: readonly Item[] = []) {
  const loaded: string[] = [];
  const found = await chosenTasks(
    { include, exclude } as never,
    runs as never,
    async (run: { readonly id: string }) => {
      loaded.push(run.id);
      return tasks[runs.findIndex(({ id }) => id === run.id)] as never;
    },
  );
  const shown = found.map(({ run, items, isWhole }) => [
    run.id,
    items.map(({ id }) => id),
    isWhole,
  ]);
  return { shown, loaded };
}

const ALL = ['deduction-a', 'deduction-b', 'abduction-a', 'abduction-b'];

test('everything, where nothing is chosen', async () => {
  const { shown } = await chosen(undefined);
  expect(shown).toEqual([
    ['first', ALL, true],
    ['second', ALL, true],
  ]);
});

test('a run is all its tasks, and no other run is looked at', async () => {
  const { shown, loaded } = await chosen([runs[1]!]);
  expect(shown).toEqual([['second', ALL, true]]);
  expect(loaded).toEqual(['second']);
});

test('a mode and a task of another one, in the order of the file, without what is excluded', async () => {
  const { shown } = await chosen([tasks[0]![3]!, modes[0]![0]!], [tasks[0]![1]!]);
  expect(shown).toEqual([['first', ['deduction-a', 'abduction-b'], false]]);
});

test('a run whose every task is excluded is not asked', async () => {
  const { shown } = await chosen(undefined, [runs[0]!, modes[1]![1]!]);
  expect(shown).toEqual([['second', ['deduction-a', 'deduction-b'], false]]);
});
