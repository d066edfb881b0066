import type { ProposalRecord } from '../../../protocol/records.ts';

/** The argument lists of a proposal as the model wrote them: one, or for induction several. */
export function inputsOf({ input, inputs }: ProposalRecord): readonly string[] {
  return inputs ?? (input === undefined ? [] : [input]);
}
