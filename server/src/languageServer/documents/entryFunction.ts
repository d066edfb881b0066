/**
 * Name of the function that a call of the program calls, for showing it: `f`, or else the first one
 * defined at the top level, as the jail decides. Reading lines is enough here: nothing is run by it.
 */
export function entryFunction(program: string): string {
  const names = [...program.matchAll(/^def[ \t]+([\p{ID_Start}_]\p{ID_Continue}*)/gmu)].map(
    ([, name]) => name!,
  );
  return names.length === 0 || names.includes('f') ? 'f' : names[0]!;
}
