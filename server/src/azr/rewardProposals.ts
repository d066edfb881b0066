/** Rewards of a step's proposals, from the solve rates of the tasks they became: paper section 3.3.4. */
import type { RunSettings } from '../../protocol/settings.ts';
import { proposerReward, rejectedProposalReward } from './rewards.ts';
import type { ProposalOutcome } from './settleProposal.ts';
import type { TaskMemory } from './taskMemory.ts';

/** Call before the step's tasks are remembered: what is new is what no earlier step had. */
export function rewardProposers(
  settings: Pick<RunSettings, 'repetitionPenalty' | 'repetitionScope'>,
  memory: TaskMemory,
  proposals: readonly ProposalOutcome[],
): void {
  for (const proposal of proposals) {
    const { rollout, task, reason } = proposal;
    if (rollout === undefined) continue;
    const reward =
      task?.solveRate === undefined
        ? rejectedProposalReward(reason ?? 'format')
        : proposerReward(
            task.solveRate,
            settings.repetitionScope === 'step'
              ? templateShare(proposal, proposals)
              : familiarity(proposal, proposals, memory),
            settings,
          );
    rollout.reward = reward.value;
    rollout.rewardTerms = reward.terms;
  }
}

/**
 * Share of the mode's other proposals of this step that fill the same template. An induction proposer
 * was given its program, so the template is not its doing.
 */
function templateShare(proposal: ProposalOutcome, proposals: readonly ProposalOutcome[]): number {
  if (proposal.mode === 'induction') return 0;
  const others = proposals.filter(({ mode }) => mode === proposal.mode).length - 1;
  return others === 0 ? 0 : sameTemplate(proposal, proposals) / others;
}

/**
 * 1 for a program that an earlier step had, else n / (n + 1) for n programs of the same template before
 * it in the run and beside it in the step. 0 for induction, as above.
 */
function familiarity(
  proposal: ProposalOutcome,
  proposals: readonly ProposalOutcome[],
  memory: TaskMemory,
): number {
  const { mode, task } = proposal;
  if (mode === 'induction' || task === undefined) return 0;
  if (memory.hasProgram(task)) return 1;
  const alike = memory.programsOf(task) + sameTemplate(proposal, proposals);
  return alike / (alike + 1);
}

/** How many other proposals of the mode fill the template of this one. */
function sameTemplate(proposal: ProposalOutcome, proposals: readonly ProposalOutcome[]): number {
  const { mode, template } = proposal;
  const same = proposals.filter((other) => other.mode === mode && other.template === template);
  return same.length - 1;
}
