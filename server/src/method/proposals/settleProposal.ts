/** Writes down what became of a proposal: its row, and the task it turned into or the reason why not. */
import type { Proposal, ValidProposal } from '../../../protocol/sandbox.ts';
import type { Mode, RejectionReason } from '../../../protocol/vocabulary.ts';
import type { LoopDependencies } from '../context.ts';
import {
  judgeProposal,
  type JudgedProposal,
  proposedTask,
  type Rejection,
} from './judgeProposal.ts';
import type { Ledger, RolloutDraft, TaskDraft } from '../ledger.ts';
import type { ProposalPlan } from './planProposal.ts';
import type { TaskMemory } from '../memory/taskMemory.ts';

/** What became of one proposal. */
export interface ProposalOutcome {
  readonly mode: Mode;
  /** Absent where the task came from elsewhere than a proposer. */
  readonly rollout?: RolloutDraft;
  readonly task?: TaskDraft;
  readonly reason?: RejectionReason;
  /** Template of a proposal that passed validation, whether or not it was accepted. */
  readonly template?: string;
}

/** Whether the model that the run began with wrote it, and not the proposer that is trained. */
export function isExplored({ rollout }: ProposalOutcome): boolean {
  return rollout?.phase === 'explore';
}

/** A completion with what was read from it and what the grader said. */
export interface ValidatedProposal {
  readonly plan: ProposalPlan;
  readonly rollout: RolloutDraft;
  /** Absent where the completion has no proposal. */
  readonly judged: JudgedProposal | undefined;
}

/** Call in the order of the prompts, one after the other: of equal proposals within a step the first becomes a task. */
export function settleProposal(
  dependencies: LoopDependencies,
  ledger: Ledger,
  memory: TaskMemory,
  { plan, rollout, judged }: ValidatedProposal,
): ProposalOutcome {
  const { mode } = plan;
  const { proposal, validation } = judged ?? {};
  const verdict = judgeProposal(dependencies, memory, rollout, judged);
  rollout.executions = validation?.executions ?? [];
  const task = verdict.valid
    ? addTask(dependencies, ledger, memory, plan, proposal!, verdict)
    : undefined;
  if (task) {
    rollout.taskId = task.id;
  }
  ledger.addProposal({
    mode,
    rolloutId: rollout.id,
    referenceTaskIds: plan.parents.map(({ id }) => id),
    ...(proposal ?? {}),
    accepted: task !== undefined,
    ...(verdict.valid ? {} : rejectionFields(verdict)),
    ...(task ? { taskId: task.id } : {}),
  });
  return {
    mode,
    rollout,
    ...(task ? { task } : {}),
    ...(verdict.valid ? {} : { reason: verdict.reason }),
    ...(validation?.valid ? { template: validation.template } : {}),
  };
}

function rejectionFields({ reason, message, line }: Rejection) {
  return { reason, reasonMessage: message, ...(line === undefined ? {} : { line }) };
}

function addTask(
  dependencies: LoopDependencies,
  ledger: Ledger,
  memory: TaskMemory,
  plan: ProposalPlan,
  proposal: Proposal,
  validation: ValidProposal,
): TaskDraft {
  memory.reserve(plan.mode, validation);
  return ledger.addTask({
    origin: ledger.step === 0 ? 'seed' : 'proposed',
    ...proposedTask(dependencies, proposal, validation),
    structure: validation.structure,
    template: validation.template,
    constructs: validation.constructs,
    syntaxNodes: validation.syntaxNodes,
    parentTaskIds: plan.parents.map(({ id }) => id),
  });
}
