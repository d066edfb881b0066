/** Rewards of a step's proposals, from the solve rates of the tasks they became: paper section 3.3.4. */
import type { RunSettings } from '../../../protocol/settings.ts';
import { proposerReward, rejectedProposalReward } from '../rewards.ts';
import type { ProposalOutcome } from './settleProposal.ts';

/** Writes reward and terms into the rollout of every proposal that a model wrote. */
export function rewardProposers(
  { repetitionPenalty }: Pick<RunSettings, 'repetitionPenalty'>,
  proposals: readonly ProposalOutcome[],
): void {
  for (const proposal of proposals) {
    const { rollout, task, reason } = proposal;
    if (rollout === undefined) continue;
    const reward =
      task?.solveRate === undefined
        ? rejectedProposalReward(reason ?? 'format')
        : proposerReward(task.solveRate, templateShare(proposal, proposals), repetitionPenalty);
    rollout.reward = reward.value;
    rollout.rewardTerms = reward.terms;
  }
}

/**
 * Share of the mode's other proposals of this step that fill the same template. An induction proposer
 * was given its program, so the template is not its doing.
 */
function templateShare(
  { mode, template }: ProposalOutcome,
  proposals: readonly ProposalOutcome[],
): number {
  if (mode === 'induction') return 0;
  const ofMode = proposals.filter((other) => other.mode === mode);
  const others = ofMode.length - 1;
  const same = ofMode.filter((other) => other.template === template).length - 1;
  return others === 0 ? 0 : same / others;
}
