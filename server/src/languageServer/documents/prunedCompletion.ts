/** What stands in the place of a completion that the run deleted. */
import type { PrunedCompletion, RolloutRecord } from '../../../protocol/records.ts';
import type { PruningSetting } from '../../../protocol/vocabulary.ts';

const WHAT_IS_KEPT: Readonly<Record<PruningSetting, string>> = {
  completionsKeptSteps: 'the run keeps those of its newest steps only',
  completionsKeptMb: 'those of the run had reached the size that is allowed',
};

/** A sentence that says what is missing, why, and by which setting. */
export function prunedSentence({ setting, tokenCount }: PrunedCompletion): string {
  const tokens = `${String(tokenCount)} ${tokenCount === 1 ? 'token' : 'tokens'}`;
  return `The text of this completion, ${tokens} long, was pruned: ${WHAT_IS_KEPT[setting]} (setting ${setting}).`;
}

/** The completion, or why it is no longer there. */
export function completionText({ completion, pruned }: RolloutRecord): string {
  return pruned === undefined ? completion : prunedSentence(pruned);
}
