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

/** By item: how many changes to pass over, since they change nothing that the item asks for. */
const EQUIVALENT: Readonly<Record<string, number>> = {};

/** `solution` with one change. Throws where nothing can be changed. */
export function mutantOf(id: string, solution: string): string {
  const mutants = CHANGES.map(([pattern, replacement]) => solution.replace(pattern, replacement));
  const mutant = mutants.filter((one) => one !== solution)[EQUIVALENT[id] ?? 0];
  if (mutant === undefined) throw new Error(`${id} has no mutant.`);
  return mutant;
}
