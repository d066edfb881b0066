/** Why an answer was judged as it was, for somebody who has not read the paper. */
import type { Mode, VerdictReason } from '../../../protocol/vocabulary.ts';

const VERDICT_TEXT: Readonly<Record<Exclude<VerdictReason, 'equal'>, string>> = {
  'different-output': 'it gives another output than the expected one',
  'hidden-example-failed': 'the program gives another output for a hidden input',
  format: 'no answer could be found in the completion',
  truncated: 'the completion was cut off before the answer was whole',
  'not-a-literal': 'the answer is not a Python literal',
  syntax: 'the program is not valid Python',
  'program-too-large': 'the program is longer than programs may be',
  'no-entry-function': 'the program does not define the function that is called',
  'forbidden-import': 'the program imports a module that is not allowed',
  'banned-word': 'the program contains a word that is banned',
  'bad-input': 'the program could not be called with the input',
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
};

const EQUAL_TEXT: Readonly<Record<Mode, string>> = {
  deduction: 'it equals the output that the program gave',
  abduction: 'the program gives the expected output for it',
  induction: 'the program gives the expected output for every hidden input, in two runs',
};

/** Continues "… because". */
export function verdictText(mode: Mode, reason: VerdictReason): string {
  if (reason === 'equal') return EQUAL_TEXT[mode];
  return mode === 'deduction' && reason === 'different-output'
    ? 'it differs from the output that the program gave'
    : VERDICT_TEXT[reason];
}
