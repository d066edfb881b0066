/** From the reward to the push on every token: paper section 3.3.5. */
import type { RolloutRecord } from '../../../protocol/records.ts';
import type { Formula, RewardStage, StoryToken } from '../../../protocol/rewardStory.ts';
import { SMALLEST_DEVIATION } from '../../method/training/advantages.ts';
import { partsOf } from '../../method/training/taskRoleAdvantages.ts';
import type { TrainedRollout } from '../../store/lists/relatives.ts';
import { prunedSentence } from '../documents/prunedCompletion.ts';
import { groupMember, type PartBaselines, type StoryContext } from './storyContext.ts';
import { counted, legend, operand, shown } from './storyNumbers.ts';

const MEMBERS_SHOWN = 200;

/** What the reward of a trained rollout was compared with. */
interface Comparison {
  readonly baseline: 'task-role' | 'group';
  readonly compared: readonly TrainedRollout[];
  /** Of `compared`. */
  readonly mean: number;
  readonly batchMean: number;
  readonly standardDeviation: number;
  readonly count: number;
}

function comparisonOf({
  rollout,
  settings,
  batch,
  baseline,
}: StoryContext): Comparison | undefined {
  if (baseline === undefined || batch.length === 0) return undefined;
  // A proposer's prompt has one completion, so its group says nothing.
  const kind = rollout.role === 'solver' ? settings.solverBaseline : 'task-role';
  const compared = kind === 'group' ? batch.filter(({ group }) => group === rollout.group) : batch;
  return {
    baseline: kind,
    compared,
    mean: meanReward(compared),
    batchMean: baseline.mean,
    standardDeviation: baseline.standardDeviation,
    count: baseline.count,
  };
}

function meanReward(rollouts: readonly TrainedRollout[]): number {
  return sumOfRewards(rollouts) / rollouts.length;
}

function sumOfRewards(rollouts: readonly TrainedRollout[]): number {
  return rollouts.reduce((sum, { reward }) => sum + reward, 0);
}

/** Baseline and advantage; for a rollout that was not trained on only why not. */
export function advantageStages(context: StoryContext): RewardStage[] {
  const comparison = comparisonOf(context);
  if (comparison === undefined || context.rollout.phase === 'explore')
    return [untrainedStage(context)];
  return context.parts !== undefined
    ? [baselineStage(context, comparison), apartStage(context, context.parts)]
    : [baselineStage(context, comparison), advantageStage(context, comparison)];
}

function baselineStage(context: StoryContext, comparison: Comparison): RewardStage {
  const { rollout, batch } = context;
  const { baseline, compared, mean, batchMean, standardDeviation, count } = comparison;
  const everyone =
    rollout.role === 'proposer'
      ? `all ${counted(count, 'proposal')} for ${rollout.mode} in this step`
      : `all ${counted(count, 'answer')} to ${rollout.mode} tasks in this step`;
  const with_ =
    baseline === 'group'
      ? `The reward is compared with the mean of its own group of ${counted(compared.length, 'attempt')}, ${shown(mean)}.`
      : `The reward is compared with the mean of ${everyone}, ${shown(mean)}.`;
  const spread = isConstant(standardDeviation)
    ? 'All rewards of the batch were equal, so their standard deviation is 0.'
    : `The rewards of ${baseline === 'group' ? everyone : 'the batch'} have a standard deviation of ${shown(standardDeviation)}.`;
  return {
    kind: 'baseline',
    summary: `${with_} ${spread}`,
    formula: {
      name: baseline === 'group' ? 'μ_g' : 'μ',
      symbols: '(r₁ + … + r_B) / B',
      numbers: `${operand(sumOfRewards(compared))} / ${operand(compared.length)}`,
      result: mean,
      ...(baseline === 'group' ? {} : { paper: 'eq. 8' }),
      legend: legend(
        baseline === 'group'
          ? ['μ_g', 'mean reward of the group, as the setting solverBaseline says']
          : ['μ', 'mean reward of the batch of this role and mode'],
        ['rᵢ', 'rewards that are compared'],
        ['B', 'how many they are'],
      ),
    },
    baseline,
    role: rollout.role,
    mode: rollout.mode,
    mean,
    standardDeviation,
    count,
    batchMean,
    members: shownMembers(batch, rollout.id).map((member) => groupMember(member, rollout.id)),
  };
}

/** At most {@link MEMBERS_SHOWN} of the batch, the rollout `id` among them. */
function shownMembers(batch: readonly TrainedRollout[], id: number): readonly TrainedRollout[] {
  const place = batch.findIndex((member) => member.id === id);
  const start = Math.max(0, Math.min(place - MEMBERS_SHOWN / 2, batch.length - MEMBERS_SHOWN));
  return batch.slice(start, start + MEMBERS_SHOWN);
}

function isConstant(standardDeviation: number): boolean {
  return standardDeviation < SMALLEST_DEVIATION;
}

function advantageStage(context: StoryContext, comparison: Comparison): RewardStage {
  const { rollout } = context;
  const { reward = 0, advantage: value = 0 } = rollout;
  return {
    kind: 'advantage',
    summary: `${advantageText(context, comparison, reward, value)}${weightText(context)}`,
    formula: advantageFormula(context, comparison, reward),
    value,
    trained: rollout.trained,
  };
}

/** A proposer's advantage, each part of its reward compared by itself. */
function apartStage(context: StoryContext, parts: PartBaselines): RewardStage {
  const { rollout } = context;
  const { form, role } = partsOf(rollout);
  const { advantage: value = 0 } = rollout;
  const formPart = standardised('f', form, parts.formMean, parts.formDeviation);
  const rolePart =
    role === undefined
      ? { symbols: '0 for a proposal that became no task', numbers: '0', result: 0 }
      : standardised('l', role, parts.roleMean, parts.roleDeviation);
  const valid =
    role === undefined ? 'did not become a task' : 'became a task that is compared with the others';
  const effect = value === 0 ? 'as likely as it was' : value > 0 ? 'more likely' : 'less likely';
  return {
    kind: 'advantage',
    summary: `The proposal ${valid}. What its form cost counts ${shown(formPart.result)} and what the task is worth ${shown(rolePart.result)}, each in units of its own standard deviation; together that is an advantage of ${shown(value)}, so the update makes this completion ${effect}.${weightText(context)}`,
    formula: {
      name: 'A',
      symbols: `${formPart.symbols} + ${rolePart.symbols}`,
      numbers: `${formPart.numbers} + ${rolePart.numbers}`,
      result: formPart.result + rolePart.result,
      legend: legend(
        ['A', 'advantage, as the setting proposerAdvantage says'],
        ['f', 'what the form cost: 0, or the reward of a proposal that became no task'],
        ['l', 'what the task is worth: the reward of a proposal that became one'],
        ['μ, σ', 'mean and standard deviation over the batch'],
      ),
    },
    value,
    trained: rollout.trained,
  };
}

function standardised(symbol: string, value: number, mean: number, deviation: number) {
  return isConstant(deviation)
    ? { symbols: `0 since σ_${symbol} = 0`, numbers: '0', result: 0 }
    : {
        symbols: `(${symbol} − μ_${symbol}) / σ_${symbol}`,
        numbers: `(${shown(value)} − ${operand(mean)}) / ${operand(deviation)}`,
        result: (value - mean) / deviation,
      };
}

function advantageText(
  { settings, rollout }: StoryContext,
  comparison: Comparison,
  reward: number,
  value: number,
): string {
  const { mean, standardDeviation, baseline } = comparison;
  if (isConstant(standardDeviation)) {
    return 'No reward of the batch is better than another, so the advantage is 0 and the update leaves this completion as likely as it was.';
  }
  if (value === 0) {
    return `The reward ${shown(reward)} equals the mean ${baseline === 'group' ? 'of its group' : 'of its batch'}, so the advantage is 0 and the update leaves this completion as likely as it was.`;
  }
  const distance = `The reward ${shown(reward)} lies ${shown(Math.abs(reward - mean))} ${value > 0 ? 'above' : 'below'} the mean ${shown(mean)}`;
  const unit = unitOf(settings, rollout, comparison);
  const divided =
    unit === undefined
      ? `; that is the advantage, ${shown(value)}`
      : `; in units of the ${unit.meaning} ${shown(unit.value)} that is an advantage of ${shown(value)}`;
  return `${distance}${divided}, so the update makes this completion ${value > 0 ? 'more' : 'less'} likely.`;
}

function weightText({ rollout, settings }: StoryContext): string {
  const weight = lossWeight({ rollout, settings });
  return weight === 1
    ? ''
    : ` Proposers count ${shown(weight)} times as much as solvers in the loss (proposerLossWeight).`;
}

function lossWeight({ rollout, settings }: Pick<StoryContext, 'rollout' | 'settings'>): number {
  return rollout.role === 'proposer' ? settings.proposerLossWeight : 1;
}

/** What the difference is divided by; undefined where by nothing. */
function unitOf(
  { advantageScale }: StoryContext['settings'],
  { role }: StoryContext['rollout'],
  { compared, standardDeviation }: Comparison,
): { readonly symbol: string; readonly meaning: string; readonly value: number } | undefined {
  if (advantageScale === 'none') return undefined;
  if (role === 'proposer' || advantageScale === 'deviation') {
    return { symbol: 'σ', meaning: 'standard deviation', value: standardDeviation };
  }
  const right = compared.filter(({ verdict }) => verdict === 'correct').length;
  return { symbol: 'p_g', meaning: 'share of right answers', value: right / compared.length };
}

function advantageFormula(
  { settings, rollout }: StoryContext,
  comparison: Comparison,
  reward: number,
): Formula {
  const { baseline, mean, standardDeviation } = comparison;
  const symbol = baseline === 'group' ? 'μ_g' : 'μ';
  const meanings = [
    ['A', 'advantage'],
    ['r', 'reward of this rollout'],
    [symbol, baseline === 'group' ? 'mean reward of the group' : 'mean reward of the batch'],
  ] as const;
  const difference = `${shown(reward)} − ${operand(mean)}`;
  const unit = unitOf(settings, rollout, comparison);
  const paper = baseline === 'task-role' && unit?.symbol === 'σ' ? { paper: 'eq. 8' } : {};
  if (isConstant(standardDeviation)) {
    return {
      name: 'A',
      symbols: '0 if σ = 0',
      numbers: '0',
      result: 0,
      legend: legend(...meanings, ['σ', 'standard deviation of the rewards of the batch']),
    };
  }
  return unit !== undefined
    ? {
        name: 'A',
        symbols: `(r − ${symbol}) / ${unit.symbol}`,
        numbers: `(${difference}) / ${operand(unit.value)}`,
        result: unit.value === 0 ? 0 : (reward - mean) / unit.value,
        ...paper,
        legend: legend(...meanings, [
          unit.symbol,
          unit.symbol === 'σ'
            ? 'standard deviation of the rewards of the batch'
            : 'share of right answers in the group, as the setting advantageScale says',
        ]),
      }
    : {
        name: 'A',
        symbols: `r − ${symbol}`,
        numbers: difference,
        result: reward - mean,
        ...paper,
        legend: legend(...meanings),
      };
}

function untrainedStage(context: StoryContext): RewardStage {
  return {
    kind: 'advantage',
    summary: isRehearsed(context.rollout)
      ? 'The model that the run began with wrote this proposal, and the step learned it again by cross-entropy, so that the trained proposer keeps writing valid tasks (rehearsedProposals). It has no advantage.'
      : `${untrainedText(context)} It was not trained on, so it has no advantage.`,
    value: 0,
    trained: context.rollout.trained,
  };
}

/** Whether a proposal of the starting model was learned again by cross-entropy. */
function isRehearsed({ phase, trained }: RolloutRecord): boolean {
  return phase === 'explore' && trained;
}

function untrainedText({ rollout, settings, counts }: StoryContext): string {
  switch (rollout.phase) {
    case 'seed':
      return 'This is a seed: it fills the buffer of tasks before training begins.';
    case 'explore':
      return 'The model that the run began with wrote this proposal, so that the tasks stay varied (startingProposals); the trained proposer learns from its own proposals only.';
    case 'greedy':
    case 'probe':
      return 'The task is held out: answers to it only measure what the model can do.';
    case 'estimate':
      if (!settings.trainOnEstimation) {
        return 'This attempt only measured how hard the task is; the solver is trained on fresh attempts (trainOnEstimation is off).';
      }
      break;
    default:
      break;
  }
  const { attempts, correct } = counts;
  const constant = correct === 0 || correct === attempts;
  return settings.learnabilityGate && constant && rollout.role === 'solver'
    ? `${correct === 0 ? 'No attempt' : 'Every attempt'} of the group was right, and such groups are left out of the update (learnabilityGate).`
    : 'The update did not use this rollout.';
}

/**
 * The tokens of the completion with how the update pushed each.
 * @param texts text of each token
 */
export function tokensStage(context: StoryContext, texts: readonly string[]): RewardStage {
  const { rollout } = context;
  if (rollout.pruned !== undefined) {
    const summary = `How the update pushed each token is not known any more. ${prunedSentence(rollout.pruned)}`;
    return { kind: 'tokens', summary, tokens: [], pruned: true };
  }
  const advantage = rollout.trained ? (rollout.advantage ?? 0) : 0;
  const weight = lossWeight(context);
  const tokens = rollout.tokens.map((_, index): StoryToken => {
    const probability = Math.min(Math.exp(rollout.logProbabilities[index] ?? 0), 1);
    // Adding 0 turns −0 into 0.
    const push = weight * advantage * (1 - probability) + 0;
    return { text: texts[index] ?? '', probability, push };
  });
  const most = tokens.reduce<StoryToken | undefined>(
    (best, token) => (Math.abs(token.push) > Math.abs(best?.push ?? 0) ? token : best),
    undefined,
  );
  if (most === undefined) {
    return {
      kind: 'tokens',
      summary: isRehearsed(rollout)
        ? `Cross-entropy made the ${counted(tokens.length, 'token')} more likely, the surprising ones most; without an advantage there is no push to show.`
        : `The update did not push any of the ${counted(tokens.length, 'token')}.`,
      tokens,
    };
  }
  const direction = advantage > 0 ? 'up' : 'down';
  return {
    kind: 'tokens',
    summary: `The update pushed the ${counted(tokens.length, 'token')} ${direction}, the surprising ones most: ${JSON.stringify(most.text)}, which had a probability of ${shown(most.probability)}, by ${shown(most.push)}.`,
    formula: {
      name: 'push',
      symbols: weight === 1 ? 'A · (1 − p)' : 'w · A · (1 − p)',
      numbers: `${weight === 1 ? '' : `${operand(weight)} · `}${operand(advantage)} · (1 − ${shown(most.probability)})`,
      result: most.push,
      legend: legend(
        ...(weight === 1 ? [] : [['w', 'the setting proposerLossWeight'] as const]),
        ['A', 'advantage'],
        [
          'p',
          'probability with which the token was sampled; here of the token that was pushed most',
        ],
        [
          'push',
          "derivative of the objective by the token's own logit, before clipping and the correction for the sampler, up to a factor that all tokens of the completion share",
        ],
      ),
    },
    tokens,
  };
}
