/** Imports that a program does not use, as at the head of many programs that people write. */

const IMPORT = /^import (\w+)(?: as (\w+))?[ \t]*$/gm;
const COMMENT_LINE = /^[ \t]*#.*$/gm;

/**
 * `program` without its top-level lines `import name` whose name stands nowhere else in it but in lines of
 * comment. The sandbox does not have every module; a program that only names one can be executed all the same.
 */
export function withoutUnusedImports(program: string): string {
  return program.replace(IMPORT, (line, module: string, alias: string = module) => {
    const rest = program.replace(IMPORT, '').replace(COMMENT_LINE, '');
    return new RegExp(`\\b${alias}\\b`).test(rest) ? line : '';
  });
}
