/** By which rules and within which limits references are executed, and answers are to be judged. */
import type {
  ExecutionLimits,
  Grader,
  GraderRules,
  PythonSandbox,
} from '../../protocol/sandbox.ts';
import { createGrader } from '../grading/grader.ts';

/** HumanEval gives three seconds to a whole test; here every call has as much. */
export const SUITE_LIMITS: ExecutionLimits = {
  cpuMs: 3_000,
  wallMs: 45_000,
  memoryMb: 256,
  // As long as a literal may be that is read.
  outputCharacters: 65_536,
  stdoutCharacters: 2_048,
};

/**
 * As open as can be: answers of a benchmark were asked for without rules, and the jail decides what a
 * module may do. A module that the sandbox does not have fails when it is imported.
 */
export const SUITE_RULES: GraderRules = {
  allowedImports: [
    ...[
      '__future__',
      'abc',
      'array',
      'ast',
      'base64',
      'binascii',
      'bisect',
      'builtins',
      'calendar',
    ],
    ...['cmath', 'collections', 'contextlib', 'copy', 'csv', 'dataclasses', 'datetime', 'decimal'],
    ...['difflib', 'enum', 'fractions', 'functools', 'gc', 'hashlib', 'heapq', 'html', 'inspect'],
    ...['io', 'itertools', 'json', 'keyword', 'locale', 'logging', 'math', 'numbers', 'numpy'],
    ...['operator', 'os', 'pathlib', 'pprint', 'queue', 'random', 're', 'secrets', 'statistics'],
    ...['string', 'struct', 'sys', 'textwrap', 'threading', 'time', 'traceback', 'types', 'typing'],
    ...['unicodedata', 'unittest', 'uuid', 'warnings', 'weakref', 'zlib'],
  ],
  bannedWords: [],
  programCharacters: 65_536,
  minimumInductionInputs: 1,
  singleFunction: false,
};

/** A grader of suites in `sandbox`. */
export function suiteGrader(sandbox: PythonSandbox): Grader {
  return createGrader(sandbox, SUITE_RULES, SUITE_LIMITS);
}
