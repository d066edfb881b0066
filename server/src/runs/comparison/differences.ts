/** What differs between things that have the same form, and nothing else. */
import type { DifferenceRow } from '../../../protocol/comparison.ts';

/**
 * A row for each leaf of which `values` do not all have the same. Objects are gone through by their keys, in
 * the order in which they first occur; of lists, the elements that not all of them have.
 */
export function differences(
  values: readonly unknown[],
  path: readonly string[] = [],
): DifferenceRow[] {
  const texts = new Set(values.map((value) => JSON.stringify(value ?? null)));
  if (texts.size <= 1) return [];
  if (values.every(isRecord)) {
    const names = new Set(values.flatMap((value) => Object.keys(value)));
    return [...names].flatMap((name) =>
      differences(
        values.map((value) => value[name]),
        [...path, name],
      ),
    );
  }
  const elements = values.every(isList) ? elementRows(values, path) : [];
  // Lists of the same elements in another order differ as a whole.
  if (elements.length > 0) return elements;
  return [{ path, values: values.map((value) => value ?? null) }];
}

function elementRows(lists: readonly (readonly unknown[])[], path: readonly string[]) {
  const sets = lists.map((list) => new Set(list.map(String)));
  return [...new Set(lists.flat().map(String))]
    .filter((element) => !sets.every((set) => set.has(element)))
    .map((element) => ({
      path: [...path, element],
      values: sets.map((set) => set.has(element)),
    }));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}
