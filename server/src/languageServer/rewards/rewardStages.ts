/** From the judgement to one number, the reward: paper eq. 4 to 6. */
import type { RewardTerm } from '../../../protocol/records.ts';
import type { Formula, RewardStage } from '../../../protocol/rewardStory.ts';
import { learnability, rejectedProposalReward, solverReward } from '../../method/rewards.ts';
import type { StoryContext } from './storyContext.ts';
import { legend, operand, shown } from './storyNumbers.ts';

type TermName = RewardTerm['name'];

function term({ rollout }: StoryContext, name: TermName): RewardTerm | undefined {
  return rollout.rewardTerms.find((candidate) => candidate.name === name);
}

/** Nothing for rollouts that were never rewarded: seeds. */
export function rewardStages(context: StoryContext): RewardStage[] {
  const { reward } = context.rollout;
  if (reward === undefined) return [];
  return [...roleRewardStage(context), formatStage(context), compositeStage(context, reward)];
}

function roleRewardStage(context: StoryContext): RewardStage[] {
  return context.rollout.role === 'proposer'
    ? learnabilityStage(context)
    : correctnessStage(context);
}

function learnabilityStage(context: StoryContext): RewardStage[] {
  const solveRate = context.task?.solveRate;
  const stored = term(context, 'learnability');
  if (stored === undefined || solveRate === undefined) return [];
  const value = stored.value;
  const extreme = solveRate <= 0 || solveRate >= 1;
  const why =
    solveRate >= 1
      ? 'Every attempt was right: the task teaches nothing, so its learnability is 0.'
      : solveRate <= 0
        ? 'No attempt was right: the task is too hard to learn from, so its learnability is 0.'
        : `A task is worth more the harder it is, as long as it can be solved: 1 minus the solve rate ${shown(solveRate)} is ${shown(value)}.`;
  return [
    {
      kind: 'role-reward',
      summary: why,
      formula: {
        name: 'r_propose',
        symbols: '0 if p̄ = 0 or p̄ = 1, else 1 − p̄',
        numbers: extreme ? `0, because p̄ = ${shown(solveRate)}` : `1 − ${shown(solveRate)}`,
        result: learnability(solveRate),
        paper: 'eq. 4',
        legend: legend(
          ['r_propose', "learnability, the proposer's reward"],
          ['p̄', 'solve rate of the task'],
        ),
      },
      value,
    },
  ];
}

function correctnessStage({ rollout }: StoryContext): RewardStage[] {
  const correct = rollout.verdict === 'correct';
  const value = correct ? 1 : 0;
  return [
    {
      kind: 'role-reward',
      summary: correct
        ? 'The answer is right, so the solver earns 1.'
        : 'The answer is not right, so the solver earns nothing for correctness.',
      formula: {
        name: 'r_solve',
        symbols: '1 if the answer is right, else 0',
        numbers: correct
          ? '1, because it is right'
          : `0, because it is ${rollout.verdict ?? 'not judged'}`,
        result: value,
        paper: 'eq. 5',
        legend: legend(['r_solve', "correctness, the solver's reward"]),
      },
      value,
    },
  ];
}

function formatStage(context: StoryContext): RewardStage {
  const { rollout, proposal } = context;
  const stored = term(context, 'format');
  if (stored === undefined) {
    return {
      kind: 'format',
      summary:
        rollout.role === 'proposer'
          ? 'The proposal is valid, so nothing replaces its learnability.'
          : 'The answer is right and of the asked form, so nothing replaces the reward for it.',
      value: 0,
      applied: false,
    };
  }
  const { value } = stored;
  const wellFormed = value > rejectedProposalReward('format').value;
  const why =
    rollout.role === 'proposer'
      ? wellFormed
        ? `The proposal is well-formed, but not new (${proposal?.reason ?? 'duplicate'})`
        : `A proposal that does not become a task counts as malformed (${proposal?.reason ?? 'format'})`
      : wellFormed
        ? 'The answer has the asked form, but is wrong'
        : 'The answer does not have the asked form';
  return {
    kind: 'format',
    summary: `${why}: the reward is ${shown(value)}, whatever else was earned.`,
    value,
    applied: true,
  };
}

function compositeStage(context: StoryContext, reward: number): RewardStage {
  const { rollout } = context;
  return {
    kind: 'composite',
    summary: `${compositeText(context)} The reward is ${shown(reward)}.`,
    formula: compositeFormula(context),
    value: reward,
    terms: rollout.rewardTerms,
  };
}

function compositeText(context: StoryContext): string {
  const penalty = term(context, 'repetition');
  if (penalty !== undefined) {
    return `From the learnability ${shown(-penalty.value)} is taken off, because other proposals of this step fill the same template.`;
  }
  return context.rollout.rewardTerms.some(({ name }) => name === 'format')
    ? 'The format term stands in the place of the reward of the role.'
    : 'Nothing is added to the reward of the role or taken off it.';
}

const COMPOSITE_LEGEND = [
  ['R', 'the reward'],
  ['r_role', 'r_propose for a proposer, r_solve for a solver'],
] as const;
const COMPOSITE_SYMBOLS = 'r_role if right, −0.5 if wrong but well-formed, −1 if malformed';

function compositeFormula(context: StoryContext): Formula {
  const { rollout, proposal, settings, task } = context;
  const penalty = term(context, 'repetition');
  const base = { name: 'R', paper: 'eq. 6' } as const;
  if (rollout.role === 'solver') {
    const { verdict = 'malformed', verdictReason = 'format' } = rollout;
    const { value } = solverReward(verdict, verdictReason);
    return {
      ...base,
      symbols: COMPOSITE_SYMBOLS,
      numbers: `${shown(value)}, because the answer is ${verdict}`,
      result: value,
      legend: legend(...COMPOSITE_LEGEND),
    };
  }
  if (task?.solveRate === undefined) {
    const reason = proposal?.reason ?? 'format';
    const { value } = rejectedProposalReward(reason);
    return {
      ...base,
      symbols: COMPOSITE_SYMBOLS,
      numbers: `${shown(value)}, because the proposal was rejected (${reason})`,
      result: value,
      legend: legend(...COMPOSITE_LEGEND),
    };
  }
  const role = learnability(task.solveRate);
  if (penalty === undefined) {
    return {
      ...base,
      symbols: COMPOSITE_SYMBOLS,
      numbers: shown(role),
      result: role,
      legend: legend(...COMPOSITE_LEGEND),
    };
  }
  const share = -penalty.value / settings.repetitionPenalty;
  return {
    name: base.name,
    symbols: 'r_propose − λ · s',
    numbers: `${shown(role)} − ${operand(settings.repetitionPenalty)} · ${operand(share)}`,
    result: role - settings.repetitionPenalty * share,
    legend: legend(
      ['R', 'the reward'],
      ['r_propose', "learnability, the proposer's reward"],
      ['λ', 'the setting repetitionPenalty, which is not from the paper'],
      ['s', "share of the step's other proposals of this mode that fill the same template"],
    ),
  };
}
