/** Why an answer was judged as it was, for somebody who has not read the paper. */
import type { Mode, VerdictReason } from '../../../protocol/vocabulary.ts';
import { PROGRAM_TEXT } from './programText.ts';

const VERDICT_TEXT: Readonly<Record<Exclude<VerdictReason, 'equal'>, string>> = {
  'different-output': 'it gives another output than the expected one',
  'hidden-example-failed': 'the program gives another output for a hidden input',
  format: 'no answer could be found in the completion',
  truncated: 'the completion was cut off before the answer was whole',
  'not-a-literal': 'the answer is not a Python literal',
  ...PROGRAM_TEXT,
  'bad-input': 'the program could not be called with the input',
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
