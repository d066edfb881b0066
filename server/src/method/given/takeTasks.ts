/** This step's tasks where a file or a generator gives them. No proposer wrote them, so no proposal is stored. */
import type { InspectedTask } from '../../../protocol/heldOut.ts';
import { ProblemError } from '../../../protocol/problem.ts';
import type { TaskRecord } from '../../../protocol/records.ts';
import type { RejectionReason } from '../../../protocol/vocabulary.ts';
import type { LoopDependencies } from '../context.ts';
import type { Ledger } from '../ledger.ts';
import { proposalOf } from '../measuring/inspectHeldOut.ts';
import type { TaskMemory } from '../memory/taskMemory.ts';
import { judgeTask, proposedTask, validateProposal } from '../proposals/judgeProposal.ts';
import type { ProposalOutcome } from '../proposals/settleProposal.ts';
import { promptRoom } from '../promptRoom.ts';
import { encodePrompt } from '../rollouts.ts';
import { type GivenTask, type GivenTasks, isInspected } from './givenTasks.ts';

/** What a step works on. */
export interface StepTasks {
  /** What became of each task that is new to the run. */
  readonly proposals: readonly ProposalOutcome[];
  /** Tasks of earlier epochs whose turn has come again. */
  readonly again: readonly TaskRecord[];
}

/**
 * Takes `proposalsPerMode` tasks of every mode that the source has. One that was executed before the run
 * began is taken as it is; any other is validated like a proposal.
 */
export async function takeTasks(
  dependencies: LoopDependencies,
  ledger: Ledger,
  memory: TaskMemory,
  given: GivenTasks,
  signal: AbortSignal,
): Promise<StepTasks> {
  const { clock, settings } = dependencies;
  ledger.enterPhase('validate', clock.now());
  const tasks = settings.modes.flatMap((mode) =>
    given.next(mode, ledger.step, settings.proposalsPerMode),
  );
  const before = tasks.map((task) => memory.givenBefore(task));
  const again = before.flatMap((row) => row ?? []);
  const accepts = await Promise.all(
    tasks
      .filter((_task, index) => before[index] === undefined)
      .map((task) => judged(dependencies, memory, task, signal)),
  );
  // One after the other, so that duplicates within a step fall the same way every time.
  const proposals = accepts.map((accept) => accept(ledger));
  ledger.addMetric('given.refused', proposals.filter(({ task }) => task === undefined).length);
  requireSome(ledger.step, { proposals, again });
  return { proposals, again };
}

/** A step without any task would train on nothing, and so would those after it. */
function requireSome(step: number, { proposals, again }: StepTasks): void {
  if (again.length > 0 || proposals.some(({ task }) => task !== undefined)) return;
  const reasons = new Set(proposals.flatMap(({ reason }) => reason ?? []));
  throw new ProblemError({
    code: 'no-tasks',
    message: `None of the ${String(proposals.length)} tasks of step ${String(step)} can be used${reasons.size > 0 ? `: ${[...reasons].join(', ')}` : ''}.`,
    remedy: 'Look at the file that "tasks" names, at "modes" and at "maximumPromptTokens".',
  });
}

/** Writes a judged task into the ledger; called in the order of the tasks. */
type Accept = (ledger: Ledger) => ProposalOutcome;

async function judged(
  dependencies: LoopDependencies,
  memory: TaskMemory,
  task: GivenTask,
  signal: AbortSignal,
): Promise<Accept> {
  const { mode } = task;
  const refused = (reason: RejectionReason) => ({ mode, reason });
  if (isInspected(task)) {
    const reason = await reasonAgainst(dependencies, memory, task);
    return (ledger) => (reason === undefined ? added(ledger, task) : refused(reason));
  }
  const proposal = proposalOf(task);
  const one = await validateProposal(dependencies, proposal, signal);
  return (ledger) => {
    const verdict = judgeTask(dependencies, memory, one);
    if (!verdict.valid) return refused(verdict.reason);
    memory.reserve(mode, verdict);
    const { structure, template, constructs, syntaxNodes } = verdict;
    const asked = proposedTask(dependencies, proposal, verdict);
    return added(ledger, { ...asked, structure, template, constructs, syntaxNodes });
  };
}

async function reasonAgainst(
  dependencies: LoopDependencies,
  memory: TaskMemory,
  task: InspectedTask,
): Promise<RejectionReason | undefined> {
  if (memory.isHeldOut(task)) return 'held-out';
  const prompt = await encodePrompt(dependencies, dependencies.asking.prompt(task));
  const room = promptRoom(dependencies, dependencies.settings.maximumAnswerTokens);
  return prompt.length > room ? 'prompt-too-long' : undefined;
}

function added(ledger: Ledger, task: InspectedTask): ProposalOutcome {
  const row = ledger.addTask({ ...task, origin: 'given', parentTaskIds: [] });
  return { mode: task.mode, task: row, template: task.template };
}
