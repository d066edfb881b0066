/** What execution made of a proposal or an answer, and how often the task was solved. */
import type { RewardStage } from '../../../protocol/rewardStory.ts';
import type { Execution, InputOutput } from '../../../protocol/sandbox.ts';
import type { RunReader } from '../../store/runReader.ts';
import { REJECTION_TEXT } from './rejectionText.ts';
import { groupMember, type StoryContext } from './storyContext.ts';
import { counted, legend, operand, shown } from './storyNumbers.ts';
import { verdictText } from './verdictText.ts';

export function validationStage({ rollout, proposal, task }: StoryContext): RewardStage[] {
  if (proposal === undefined) return [];
  const { accepted, reason, reasonMessage, line } = proposal;
  return [
    {
      kind: 'validation',
      summary:
        accepted || reason === undefined
          ? `${ranText(rollout.executions)} Runs in processes with different hash seeds gave equal outputs, so the proposal became task ${String(task?.id ?? proposal.taskId ?? 0)}.`
          : `${ranText(rollout.executions)} The proposal was rejected because ${REJECTION_TEXT[reason]}.`,
      accepted,
      ...(reason === undefined ? {} : { reason }),
      ...(reasonMessage === undefined ? {} : { message: reasonMessage }),
      ...(line === undefined ? {} : { line }),
      executions: rollout.executions,
    },
  ];
}

function ranText(executions: readonly Execution[]): string {
  const count = executions.length;
  const failures = executions.filter(({ outcome }) => outcome !== 'ok').length;
  if (count === 0) return 'Nothing was executed.';
  if (count === 1) {
    return failures === 0
      ? 'The program was called once and returned.'
      : 'The program was called once and failed.';
  }
  return failures === 0
    ? `The program was called ${String(count)} times and always returned.`
    : `The program was called ${String(count)} times and failed ${failures === 1 ? 'once' : `${String(failures)} times`}.`;
}

export function executionStage(context: StoryContext, reader: RunReader): RewardStage[] {
  const { rollout } = context;
  const { mode, verdict, verdictReason, verdictMessage } = rollout;
  if (verdict === undefined || verdictReason === undefined) return [];
  const shared = rollout.executions.length > 0 ? undefined : sharedExecutions(context, reader);
  const executions = shared?.executions ?? rollout.executions;
  const ran =
    mode === 'deduction'
      ? 'A prediction is compared with the stored output; nothing has to be executed.'
      : shared !== undefined
        ? `The same answer was executed for rollout ${String(shared.rolloutId)} of this group; its result counts for both.`
        : ranText(executions);
  return [
    {
      kind: 'execution',
      summary: `${ran} The answer is ${verdict} because ${verdictText(mode, verdictReason)}.`,
      verdict,
      reason: verdictReason,
      ...(verdictMessage === undefined ? {} : { message: verdictMessage }),
      expected: expectedOf(context),
      executions,
    },
  ];
}

/** What the answer was compared with. */
function expectedOf({ rollout, task }: StoryContext): readonly InputOutput[] {
  if (task === undefined) return [];
  return rollout.mode === 'induction' ? task.examples.slice(task.visible) : task.examples;
}

/** Of equal answers in a group only the first was executed. */
function sharedExecutions(
  { rollout, attempts }: StoryContext,
  reader: RunReader,
): { readonly rolloutId: number; readonly executions: readonly Execution[] } | undefined {
  if (rollout.answer === undefined || rollout.mode === 'deduction') return undefined;
  for (const { id, verdictReason } of attempts) {
    if (id === rollout.id || verdictReason !== rollout.verdictReason) continue;
    const sibling = reader.rollout(id);
    if (sibling?.answer === rollout.answer && sibling.executions.length > 0) {
      return { rolloutId: id, executions: sibling.executions };
    }
  }
  return undefined;
}

/** The attempts at the task and how many were right: the numbers that eq. 4 starts from. */
export function groupStage({ rollout, attempts, counts }: StoryContext): RewardStage[] {
  const { attempts: count, correct } = counts;
  if (count === 0) return [];
  const solveRate = correct / count;
  const whose =
    rollout.role === 'proposer' ? 'The solver tried the new task.' : groupText(rollout.phase);
  const were = correct === 1 || count === 1 ? 'was' : 'were';
  const measured = rollout.role === 'proposer' || rollout.phase === 'estimate';
  return [
    {
      kind: 'group',
      summary: `${whose} ${String(correct)} of ${counted(count, 'attempt')} ${were} right, so the solve rate is ${shown(solveRate)}.`,
      formula: {
        name: 'p̄',
        symbols: 'k / n',
        numbers: `${operand(correct)} / ${operand(count)}`,
        result: solveRate,
        // Only the rate that was measured for the proposer stands in the paper's equation.
        ...(measured ? { paper: 'eq. 4' } : {}),
        legend: legend(
          ['p̄', 'solve rate: the share of attempts that were right (r̄_solve in the paper)'],
          ['k', 'attempts that were right'],
          ['n', 'attempts'],
        ),
      },
      members: attempts.map((attempt) => groupMember(attempt, rollout.id)),
      solveRate,
    },
  ];
}

function groupText(phase: StoryContext['rollout']['phase']): string {
  switch (phase) {
    case 'estimate':
      return 'Attempts at a new task measure how hard it is.';
    case 'replay':
      return 'An earlier task was tried again, so that what was learned stays learned.';
    case 'greedy':
    case 'probe':
      return 'The task is held out: it only measures, and is never trained on.';
    case 'curriculum':
      return 'The model that the run began with answered, to see whether new tasks grow harder for it.';
    default:
      return 'All answers to one prompt form a group.';
  }
}
