/** What a scratch file is made from: the stored task, proposal or answer at an address. */
import { ProblemError } from '../../../protocol/problem.ts';
import { documentUri } from '../../../protocol/documents.ts';
import type { DocumentAddress } from '../../../protocol/documents.ts';
import type { InputOutput } from '../../../protocol/sandbox.ts';
import {
  requireProposal,
  requireRollout,
  requireTask,
  taskOfRollout,
} from '../documents/documentLibrary.ts';
import { entryFunction } from '../documents/entryFunction.ts';
import type { OpenRun } from '../openRuns.ts';
import { inputsOf } from '../reruns/proposalInputs.ts';
import type { ScratchSource } from './scratchText.ts';

/** Throws a {@link ProblemError} when the document holds no program. */
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
  return sourceOf(run, { kind: 'task', id, mode, program, calls: callsOf(examples) });
}

function proposalSource(run: OpenRun, id: number): ScratchSource {
  const proposal = requireProposal(run, id);
  const { program, mode, taskId } = proposal;
  if (program === undefined) throw noProgram(`Proposal ${id}`);
  const calls =
    taskId === undefined
      ? inputsOf(proposal).map((input) => ({ input }))
      : callsOf(requireTask(run, taskId).examples);
  return sourceOf(run, { kind: 'proposal', id, mode, program, calls });
}

function answerSource(run: OpenRun, id: number): ScratchSource {
  const rollout = requireRollout(run, id);
  const { mode, answer, role } = rollout;
  if (role === 'proposer') {
    const proposal = run.relatives.proposalOfRollout(id);
    if (proposal !== undefined) return proposalSource(run, proposal.id);
  }
  const task = taskOfRollout(run, rollout);
  if (mode === 'induction' && answer === undefined) throw noProgram(`Answer ${id}`);
  const program = mode === 'induction' ? answer! : task.program;
  const calls = callsOf(task.examples);
  const source = sourceOf(run, { kind: 'answer', id, mode, program, calls });
  return mode === 'induction' ? source : { ...source, answer: answer ?? '' };
}

const TITLES = { task: 'Task', proposal: 'Proposal', answer: 'Answer' } as const;

/** What is said of any of the three in the same way. */
function sourceOf(
  run: OpenRun,
  {
    id,
    ...parts
  }: Pick<ScratchSource, 'kind' | 'mode' | 'program' | 'calls'> & { readonly id: number },
): ScratchSource {
  return {
    ...parts,
    original: documentUri({ runId: run.id, kind: parts.kind, id }),
    title: `${TITLES[parts.kind]} ${id}`,
    runName: run.name,
    functionName: entryFunction(parts.program),
  };
}

function callsOf(examples: readonly InputOutput[]): ScratchSource['calls'] {
  return examples.map(({ input, output }) => ({ input, stored: output }));
}

function noProgram(what: string): ProblemError {
  return new ProblemError({
    code: 'nothing-to-copy',
    message: `${what} holds no program that could be copied.`,
    remedy: 'Open the task that it belongs to, or its prompt and completion.',
  });
}
