/** Whether what the proposer wrote becomes a task: its reading, and the checks that follow validation. Paper section 3.3.3. */
import type {
  InputOutput,
  Proposal,
  Validation,
  ValidProposal,
} from '../../../protocol/sandbox.ts';
import type { RejectionReason } from '../../../protocol/vocabulary.ts';
import type { LoopDependencies } from '../context.ts';
import type { RolloutDraft } from '../ledger.ts';
import type { ProposalPlan } from './planProposal.ts';
import { promptRoom } from '../promptRoom.ts';
import { RandomStream } from '../randomStream.ts';
import { encodePrompt } from '../rollouts.ts';
import { questionOf, type SolvableTask } from '../asking.ts';
import type { TaskMemory } from '../memory/taskMemory.ts';

export interface Rejection {
  readonly valid: false;
  readonly reason: RejectionReason;
  readonly message: string;
  readonly line?: number;
}

/** The proposal in a completion, or undefined when it does not have the form asked for. */
export function readProposal(
  { dialect, settings }: LoopDependencies,
  { mode, parents }: ProposalPlan,
  { completion }: RolloutDraft,
): Proposal | undefined {
  if (mode !== 'induction') {
    const read = dialect.readProposal(completion);
    return read && { mode, ...read };
  }
  const read = dialect.readInductionProposal(completion);
  return (
    read && {
      mode: 'induction',
      program: parents[0]!.program,
      // The last N blocks count, as in the paper's reader; more than N brings no advantage.
      inputs: read.inputs.slice(-settings.inductionInputs),
      message: read.message,
    }
  );
}

/** A proposal as the grader judged it, and how long the solver's question about it would be. */
export interface JudgedProposal {
  readonly proposal: Proposal;
  readonly validation: Validation;
  /** Tokens of the prompt; 0 where there is none. */
  readonly questionTokens: number;
}

/** Validates a proposal and measures its question. */
export async function validateProposal(
  dependencies: LoopDependencies,
  proposal: Proposal,
  signal: AbortSignal,
): Promise<JudgedProposal> {
  const validation = await dependencies.grader.validate(proposal, signal);
  if (!validation.valid) return { proposal, validation, questionTokens: 0 };
  const question = questionOf(proposedTask(dependencies, proposal, validation));
  const tokens = await encodePrompt(dependencies, dependencies.dialect.solve(question));
  return { proposal, validation, questionTokens: tokens.length };
}

/** The grader's validation, unless the run has a reason of its own to refuse the proposal. */
export function judgeProposal(
  dependencies: LoopDependencies,
  memory: TaskMemory,
  rollout: RolloutDraft,
  judged: JudgedProposal | undefined,
): ValidProposal | Rejection {
  if (!judged) {
    return rollout.stopReason === 'length'
      ? reject(
          'truncated',
          'The completion reached its length limit before the proposal was whole.',
        )
      : reject('format', 'The completion does not have the form the proposer was asked for.');
  }
  return judgeTask(dependencies, memory, judged);
}

/** The part of the judgement that does not ask who wrote the proposal, nor how. */
export function judgeTask(
  dependencies: LoopDependencies,
  memory: TaskMemory,
  { proposal, validation, questionTokens: tokens }: JudgedProposal,
): ValidProposal | Rejection {
  if (!validation.valid) {
    return validation;
  }
  if (memory.isHeldOut(validation)) {
    return reject('held-out', 'The program is one of the frozen held-out set.');
  }
  if (memory.isKnown(proposal.mode, validation)) {
    return reject('duplicate', 'An equal task was accepted before in this run.');
  }
  return tokens > promptRoom(dependencies, dependencies.settings.maximumAnswerTokens)
    ? reject('prompt-too-long', `The solver's prompt would have ${String(tokens)} tokens.`)
    : validation;
}

/**
 * The task as the solver would meet it. At least one example stays hidden, however few inputs turned out
 * usable, and which ones are shown is drawn by lot: a proposer that chose them would show the solver the
 * least telling ones. The lot is named by the program and its inputs, so that an equal proposal later in
 * the run makes an equal task, which is then known as a duplicate.
 */
export function proposedTask(
  { settings }: LoopDependencies,
  proposal: Proposal,
  { structure, examples: inProposedOrder }: ValidProposal,
): SolvableTask {
  const { mode, program } = proposal;
  if (proposal.mode !== 'induction') {
    return { mode, program, examples: inProposedOrder, visible: 0 };
  }
  const examples = shuffled(settings.seed, structure, inProposedOrder);
  return {
    mode,
    program,
    examples,
    visible: Math.min(settings.inductionVisible, examples.length - 1),
    message: proposal.message,
  };
}

function shuffled(
  seed: number,
  structure: string,
  examples: readonly InputOutput[],
): readonly InputOutput[] {
  const ordered = [...examples].sort((left, right) => compare(left.input, right.input));
  const inputs = ordered.map(({ input }) => input);
  const random = new RandomStream(seed, 'visible examples', structure, ...inputs);
  return random.sample(ordered, ordered.length);
}

/** By code units, so that the order is the same on every machine. */
function compare(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}

function reject(reason: RejectionReason, message: string): Rejection {
  return { valid: false, reason, message };
}
