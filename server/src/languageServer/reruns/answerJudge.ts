/** Judges an answer to a task as a run does. */
import type { TaskRecord } from '../../../protocol/records.ts';
import type { Verification } from '../../../protocol/sandbox.ts';
import type { OpenGrader } from '../../runner/openGrader.ts';

/** The parts of a task that an answer is judged by. */
export type JudgedTask = Pick<TaskRecord, 'mode' | 'program' | 'examples' | 'visible'>;

export async function judgeAnswer(
  { grader }: OpenGrader,
  { mode, program, examples, visible }: JudgedTask,
  answer: string,
  signal: AbortSignal,
): Promise<Verification> {
  const { output } = examples[0]!;
  switch (mode) {
    case 'deduction':
      return grader.verifyDeduction({ output }, answer);
    case 'abduction':
      return grader.verifyAbduction({ program, output }, answer, signal);
    case 'induction':
      return grader.verifyInduction({ hidden: examples.slice(visible) }, answer, signal);
  }
}
