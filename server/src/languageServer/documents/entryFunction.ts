const DEFINITION = /^def[ \t]+([\p{ID_Start}_]\p{ID_Continue}*)/gmu;
/** A lambda that is given a name, which may be annotated. */
const NAMED_LAMBDA = /^([\p{ID_Start}_]\p{ID_Continue}*)[ \t]*(?::[^=\n]*)?=[ \t]*lambda\b/gmu;
const NAMES_F = /^f[ \t]*(?::[^=\n]*)?=(?!=)/mu;

/**
 * Name of the function that a call of the program calls, for showing it: `f`, or else the first one
 * defined at the top level, as the jail decides. Reading lines is enough here: nothing is run by it.
 */
export function entryFunction(program: string): string {
  const names = [DEFINITION, NAMED_LAMBDA].flatMap((pattern) =>
    [...program.matchAll(pattern)].map(([, name]) => name!),
  );
  return names.includes('f') || NAMES_F.test(program) ? 'f' : (names[0] ?? 'f');
}
