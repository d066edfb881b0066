/** What can be wrong with a program, for a reader who has not read the paper. */
import type { RejectionReason, VerdictReason } from '../../../protocol/vocabulary.ts';

export const PROGRAM_TEXT = {
  syntax: 'the program is not valid Python',
  'program-too-large': 'the program is longer than programs may be',
  'no-entry-function': 'the program does not define the function that is called',
  'forbidden-import': 'the program imports a module that is not allowed',
  'banned-word': 'the program contains a word that is banned',
  error: 'the program raised an exception',
  timeout: 'the program took too long',
  memory: 'the program took too much memory',
  forbidden: 'the program tried something that the sandbox forbids',
  'too-large': 'the output is longer than outputs may be',
  unserialisable: 'the output cannot be written as a literal',
  'non-deterministic': 'two runs of the program gave different outputs',
  crashed: 'the Python process died while it ran the program',
  forged: 'the program tried to report a result in the place of the sandbox',
  unavailable: 'the sandbox could not run it',
} as const satisfies Partial<Record<RejectionReason & VerdictReason, string>>;
