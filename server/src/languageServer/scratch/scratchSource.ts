/** What a scratch file is made from: the stored task, proposal or answer at an address. */
import { ProblemError } from '../../../protocol/problem.ts';
import { documentUri } from '../../../protocol/documents.ts';
import type { DocumentAddress } from '../../../protocol/documents.ts';
import type { InputOutput } from '../../../protocol/sandbox.ts';
import { subjectOf } from '../documents/subject.ts';
import { entryFunction } from '../documents/entryFunction.ts';
import type { OpenRun } from '../openRuns.ts';
import { inputsOf } from '../reruns/proposalInputs.ts';
import type { ScratchSource } from './scratchText.ts';

/** Throws a {@link ProblemError} when the document holds no program. */
export function scratchSource(run: OpenRun, address: DocumentAddress): ScratchSource {
  const subject = subjectOf(run, address);
  const { kind, id } = subject;
  switch (kind) {
    case 'task': {
      const { mode, program } = subject.task;
      return sourceOf(run, { kind, id, mode, program, calls: callsOf(subject.task.examples) });
    }
    case 'proposal': {
      const { proposal, task } = subject;
      const { mode, program } = proposal;
      if (program === undefined) throw noProgram(`Proposal ${id}`);
      const calls = task ? callsOf(task.examples) : inputsOf(proposal).map((input) => ({ input }));
      return sourceOf(run, { kind, id, mode, program, calls });
    }
    case 'answer': {
      const { mode, answer } = subject.rollout;
      const isProgram = mode === 'induction';
      if (isProgram && answer === undefined) throw noProgram(`Answer ${id}`);
      const program = isProgram ? answer! : subject.task.program;
      const parts = { kind, id, mode, program, calls: callsOf(subject.task.examples) };
      const source = sourceOf(run, parts);
      return isProgram ? source : { ...source, answer: answer ?? '' };
    }
  }
}

const TITLES = { task: 'Task', proposal: 'Proposal', answer: 'Answer' } as const;

/** The parts that tasks, proposals and answers have in common. */
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
