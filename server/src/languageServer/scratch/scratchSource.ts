/** What a scratch file is made from: the stored task, proposal or answer at an address. */
import { documentUri } from '../../../protocol/documents.ts';
import type { DocumentAddress } from '../../../protocol/documents.ts';
import {
  requireProposal,
  requireRollout,
  requireTask,
  taskOfRollout,
} from '../documents/documentLibrary.ts';
import { entryFunction } from '../documents/entryFunction.ts';
import type { OpenRun } from '../openRuns.ts';
import { Refusal } from '../refusal.ts';
import { inputsOf } from '../reruns/proposalInputs.ts';
import type { ScratchSource } from './scratchText.ts';

/** Throws a {@link Refusal} when the document holds no program. */
export function scratchSource(run: OpenRun, { kind, id }: DocumentAddress): ScratchSource {
  switch (kind) {
    case 'task':
    case 'reference':
      return taskSource(run, id);
    case 'proposal':
      return proposalSource(run, id);
    case 'answer':
    case 'program':
    case 'prompt':
      return answerSource(run, id);
  }
}

function taskSource(run: OpenRun, id: number): ScratchSource {
  const { program, examples, mode } = requireTask(run, id);
  return {
    original: documentUri({ runId: run.id, kind: 'task', id }),
    mode,
    kind: 'task',
    title: `Task ${id}`,
    runName: run.name,
    program,
    functionName: entryFunction(program),
    calls: examples.map(({ input, output }) => ({ input, stored: output })),
  };
}

function proposalSource(run: OpenRun, id: number): ScratchSource {
  const proposal = requireProposal(run, id);
  const { program, mode, taskId } = proposal;
  if (program === undefined) throw noProgram(`Proposal ${id}`);
  const calls = taskId === undefined ? undefined : taskSource(run, taskId).calls;
  return {
    original: documentUri({ runId: run.id, kind: 'proposal', id }),
    mode,
    kind: 'proposal',
    title: `Proposal ${id}`,
    runName: run.name,
    program,
    functionName: entryFunction(program),
    calls: calls ?? inputsOf(proposal).map((input) => ({ input })),
  };
}

function answerSource(run: OpenRun, id: number): ScratchSource {
  const rollout = requireRollout(run, id);
  const { mode, answer, role } = rollout;
  if (role === 'proposer') {
    const proposal = run.relatives.proposalOfRollout(id);
    if (proposal !== undefined) return proposalSource(run, proposal.id);
  }
  const task = taskOfRollout(run, rollout);
  if (task === undefined || (mode === 'induction' && answer === undefined)) {
    throw noProgram(`Answer ${id}`);
  }
  const program = mode === 'induction' ? answer! : task.program;
  return {
    original: documentUri({ runId: run.id, kind: 'answer', id }),
    mode,
    kind: 'answer',
    title: `Answer ${id}`,
    runName: run.name,
    program,
    functionName: entryFunction(program),
    calls: task.examples.map(({ input, output }) => ({ input, stored: output })),
    ...(mode !== 'induction' && { answer: answer ?? '' }),
  };
}

function noProgram(what: string): Refusal {
  return new Refusal({
    code: 'nothing-to-copy',
    message: `${what} holds no program that could be copied.`,
    remedy: 'Open the task that it belongs to, or its prompt and completion.',
  });
}
