/** The modes in plain words. */
import type { Mode } from '../../../protocol/vocabulary.ts';

export const MODE_NAMES: Readonly<Record<Mode, string>> = {
  deduction: 'Deduction',
  abduction: 'Abduction',
  induction: 'Induction',
};

export const MODE_SENTENCES: Readonly<Record<Mode, string>> = {
  deduction: 'the solver sees the program and its input, and must say the output.',
  abduction: 'the solver sees the program and its output, and must find an input that gives it.',
  induction: 'the solver sees a message and some examples, and must write the program.',
};
