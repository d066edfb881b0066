/** Rewards of both roles: paper section 3.1 and 3.3.4. */
import type { RewardTerm } from '../../protocol/records.ts';
import type { RejectionReason, Verdict, VerdictReason } from '../../protocol/vocabulary.ts';

/** Composite reward of a well-formed response that failed: paper eq. 6. */
const WRONG_REWARD = -0.5;
/** Composite reward of a response of the wrong form: paper eq. 6. */
const MALFORMED_REWARD = -1;

export interface Reward {
  readonly value: number;
  readonly terms: readonly RewardTerm[];
}

/**
 * Learnability of a task, paper eq. 4: 0 when no attempt or every attempt solves it, else one minus the
 * mean solve rate.
 * @param solveRate mean correctness of the estimation rollouts, in [0, 1]
 */
export function learnability(solveRate: number): number {
  return solveRate <= 0 || solveRate >= 1 ? 0 : 1 - solveRate;
}

/**
 * Composite reward of a proposal that became a task, paper eq. 6 with r_role = r_propose. A task
 * of zero learnability gets 0, as eq. 4 says, not the −0.5 of the reference code.
 * @param templateShare share of the mode's other proposals of this step that use the same template
 * @param repetitionPenalty λ of the term for repetition, which the paper does not have; 0 is off
 */
export function proposerReward(
  solveRate: number,
  templateShare: number,
  repetitionPenalty: number,
): Reward {
  const value = learnability(solveRate);
  const terms: RewardTerm[] = [
    {
      name: 'learnability',
      value,
      explanation:
        value === 0
          ? `solve rate ${format(solveRate)}: what is solved never or always teaches nothing`
          : `1 − solve rate ${format(solveRate)} = ${format(value)}`,
    },
  ];
  const penalty = repetitionPenalty * templateShare;
  if (penalty > 0) {
    terms.push({
      name: 'repetition',
      value: -penalty,
      explanation: `${format(templateShare)} of the other proposals of this step use the same template; times ${format(repetitionPenalty)}`,
    });
  }
  return { value: value - penalty, terms };
}

/**
 * Reward of a proposal that did not become a task. An invalid one counts as badly formed (paper
 * section 3.3.4); one that is valid but known already, or held out, as well-formed and wrong.
 */
export function rejectedProposalReward(reason: RejectionReason): Reward {
  const repeated = reason === 'duplicate' || reason === 'held-out';
  const value = repeated ? WRONG_REWARD : MALFORMED_REWARD;
  return { value, terms: [{ name: 'format', value, explanation: `rejected: ${reason}` }] };
}

/** Composite reward of a solver's answer, paper eq. 5 and 6: 1, −0.5 or −1. */
export function solverReward(verdict: Verdict, reason: VerdictReason): Reward {
  if (verdict === 'correct') {
    return { value: 1, terms: [{ name: 'correctness', value: 1, explanation: 'correct' }] };
  }
  const value = verdict === 'wrong' ? WRONG_REWARD : MALFORMED_REWARD;
  return { value, terms: [{ name: 'format', value, explanation: `${verdict}: ${reason}` }] };
}

function format(value: number): string {
  return value.toFixed(3).replace(/\.?0+$/, '');
}
