/** Looks through the held-out tasks before a run begins. */
import { ProblemError } from '../../../protocol/problem.ts';
import {
  type HeldOutSet,
  type HeldOutTask,
  type InspectedTask,
  isInWords,
} from '../../../protocol/heldOut.ts';
import type { Grader, Proposal } from '../../../protocol/sandbox.ts';

/**
 * Executes every held-out task, so that a wrong gold value is found before it is believed. It needs no
 * engine, so that it can be done while one starts. Rejects with ProblemError `held-out-wrong`, or with the
 * reason of `signal`.
 */
export async function inspectHeldOut(
  grader: Grader,
  tasks: readonly HeldOutTask[],
  signal: AbortSignal,
): Promise<HeldOutSet> {
  const inspected = await Promise.all(
    tasks.map(async (task, index): Promise<InspectedTask> => {
      if (isInWords(task)) return withoutProgram(task);
      const validation = await grader.validate(proposalOf(task), signal);
      const isRight =
        validation.valid &&
        validation.examples.length === task.examples.length &&
        task.examples.every(({ output }, place) => {
          const executed = validation.examples[place]?.output ?? '';
          return grader.verifyDeduction({ output: executed }, output).verdict === 'correct';
        });
      if (!validation.valid || !isRight) {
        const why = validation.valid ? 'execution gives another output' : validation.message;
        throw new ProblemError({
          code: 'held-out-wrong',
          message: `Line ${String(index + 1)} of the file is not a valid task: ${why}`,
          remedy: 'Correct or remove the line, or name another file in "probe" or "tasks".',
        });
      }
      const { structure, template, constructs, syntaxNodes } = validation;
      return { ...task, structure, template, constructs, syntaxNodes };
    }),
  );
  return heldOutSetOf(inspected);
}

/** The set that these tasks make. */
export function heldOutSetOf(tasks: readonly InspectedTask[]): HeldOutSet {
  const structures = new Set(tasks.map(({ structure }) => structure));
  // A question in words has none.
  structures.delete('');
  return { tasks, structures };
}

/** A task that has no program to look into. */
export function withoutProgram(task: HeldOutTask): InspectedTask {
  return { ...task, structure: '', template: '', constructs: [], syntaxNodes: 0 };
}

/** A task as the grader validates it. */
export function proposalOf(task: HeldOutTask): Proposal {
  const { mode, program, examples, message } = task;
  return mode === 'induction'
    ? { mode, program, inputs: examples.map(({ input }) => input), message: message ?? '' }
    : { mode, program, input: examples[0]?.input ?? '' };
}
