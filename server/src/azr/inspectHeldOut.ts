/** Looks through the held-out tasks before a run begins. */
import type { HeldOutSet, HeldOutTask } from '../../protocol/heldOut.ts';
import type { Grader, Proposal } from '../../protocol/sandbox.ts';
import { LoopError } from './context.ts';

/**
 * Executes every held-out task, so that a wrong gold value is found before it is believed. It needs no
 * engine, so that it can be done while one starts. Rejects with LoopError `held-out-wrong`, or with the
 * reason of `signal`.
 */
export async function inspectHeldOut(
  grader: Grader,
  tasks: readonly HeldOutTask[],
  signal: AbortSignal,
): Promise<HeldOutSet> {
  const structures = new Set<string>();
  await Promise.all(
    tasks.map(async (task, index) => {
      const validation = await grader.validate(proposalOf(task), signal);
      const right =
        validation.valid &&
        validation.examples.length === task.examples.length &&
        task.examples.every(({ output }, place) => {
          const executed = validation.examples[place]?.output ?? '';
          return grader.verifyDeduction({ output: executed }, output).verdict === 'correct';
        });
      if (!right) {
        const why = validation.valid ? 'execution gives another output' : validation.message;
        throw new LoopError(
          'held-out-wrong',
          `Line ${String(index + 1)} of the held-out file is not a valid task: ${why}`,
          'Correct or remove the line, or set "probe" to "none".',
        );
      }
      structures.add(validation.structure);
    }),
  );
  return { tasks, structures };
}

function proposalOf(task: HeldOutTask): Proposal {
  const { mode, program, examples, message } = task;
  return mode === 'induction'
    ? { mode, program, inputs: examples.map(({ input }) => input), message: message ?? '' }
    : { mode, program, input: examples[0]?.input ?? '' };
}
