/** Wrong solutions made of right ones: one change each, always the same. */

/** In this order; the first that changes a solution is its mutant. */
const CHANGES: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  [/ == /, ' != '],
  [/ <= /, ' < '],
  [/ >= /, ' > '],
  [/ < /, ' >= '],
  [/ > /, ' <= '],
  [/ \+ /, ' - '],
  [/ - /, ' + '],
  [/ \* /, ' + '],
  [/ % /, ' // '],
  [/ and /, ' or '],
  [/ or /, ' and '],
  [/\bnot /, ''],
  [/\breturn (?=\S)/, 'return not '],
];

/** By item: how many changes to pass over, since no test of the item's own tells them from the solution. */
const EQUIVALENT: Readonly<Record<string, number>> = {
  // "month == 2" made "month != 2": its test has no day 30 or 31 of another month, and none of February.
  'HumanEval/124': 1,
  // With as many left as are needed, both branches give the same.
  'HumanEval/159': 1,
};

/** `solution` with one change. Throws where nothing can be changed. */
export function mutantOf(id: string, solution: string): string {
  const mutants = CHANGES.map(([pattern, replacement]) => solution.replace(pattern, replacement));
  const mutant = mutants.filter((one) => one !== solution)[EQUIVALENT[id] ?? 0];
  if (mutant === undefined) throw new Error(`${id} has no mutant.`);
  return mutant;
}
