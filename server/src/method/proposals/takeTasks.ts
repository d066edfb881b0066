/** Tasks from elsewhere than a proposer, validated like those of one. */
import type { Mode } from '../../../protocol/vocabulary.ts';
import type { LoopDependencies } from '../context.ts';
import type { TaskSource } from '../experiment.ts';
import { judgeTask, proposedTask, validateProposal } from './judgeProposal.ts';
import type { Ledger } from '../ledger.ts';
import type { ProposalOutcome } from './settleProposal.ts';
import type { TaskMemory } from '../memory/taskMemory.ts';

export interface TaskRequest {
  readonly modes: readonly Mode[];
  /** Tasks per mode. */
  readonly count: number;
  /** Tells apart several rounds of one step for the same modes (seeding needs many). */
  readonly round: number;
}

/** Takes up to `count` tasks per mode from `source`. No proposer wrote them, so no proposal is stored. */
export async function takeTasks(
  dependencies: LoopDependencies,
  ledger: Ledger,
  memory: TaskMemory,
  source: TaskSource,
  { modes, count, round }: TaskRequest,
  signal: AbortSignal,
): Promise<ProposalOutcome[]> {
  ledger.enterPhase('validate', dependencies.clock.now());
  const proposals = modes.flatMap((mode) => source.next({ step: ledger.step, round, mode, count }));
  const judged = await Promise.all(
    proposals.map((proposal) => validateProposal(dependencies, proposal, signal)),
  );
  const outcomes: ProposalOutcome[] = [];
  // One after the other, so that duplicates within a step fall the same way every time.
  for (const one of judged) {
    const { proposal } = one;
    const { mode } = proposal;
    const verdict = judgeTask(dependencies, memory, one);
    if (!verdict.valid) {
      outcomes.push({ mode, reason: verdict.reason });
      continue;
    }
    memory.reserve(mode, verdict);
    const { structure, template, constructs, syntaxNodes } = verdict;
    const task = ledger.addTask({
      ...proposedTask(dependencies, proposal, verdict),
      origin: ledger.step === 0 ? 'seed' : 'proposed',
      ...{ structure, template, constructs, syntaxNodes, parentTaskIds: [] },
    });
    outcomes.push({ mode, task, template });
  }
  return outcomes;
}
