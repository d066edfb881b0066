/** The plan of a rerun of an edited scratch file. */
import { ProblemError } from '../../../protocol/problem.ts';
import { documentAddress } from '../../../protocol/documents.ts';
import { subjectOf } from '../documents/subject.ts';
import type { OpenRuns } from '../openRuns.ts';
import type { SolvableTask } from '../../method/asking.ts';
import { verifyAnswer } from '../../method/solve.ts';
import type { RerunPlan } from '../reruns/rerunPlan.ts';
import { readScratch } from './readScratch.ts';

/** Throws a {@link ProblemError} that says which part of the file is missing and what belongs there. */
export function scratchPlan(runs: OpenRuns, text: string): RerunPlan {
  const scratch = readScratch(text);
  const [problem] = scratch.problems;
  if (problem !== undefined) {
    const place = `Line ${problem.line + 1} of the scratch file`;
    throw new ProblemError({ ...problem, message: `${place}: ${problem.message}` });
  }
  const address = documentAddress(scratch.original!)!;
  const run = runs.run(address.runId);
  const subject = subjectOf(run, address);
  const { task } = subject;
  const stored = new Map(task?.examples.map(({ input, output }) => [input, output]));
  const plan: RerunPlan = {
    title: `scratch copy of ${address.kind} ${address.id}`,
    settings: run.reader.information().settings,
    program: scratch.program,
    inputs: scratch.calls.map(({ input }) => {
      const expected = stored.get(input);
      return expected === undefined ? { input } : { input, expected };
    }),
  };
  if (subject.kind !== 'answer') return plan;
  return withVerdict(plan, subject.task, scratch, subject.rollout.verdict);
}

/** An edited answer is judged against the task as it is stored, not as it may have been edited. */
function withVerdict(
  plan: RerunPlan,
  task: SolvableTask,
  scratch: ReturnType<typeof readScratch>,
  verdict: NonNullable<RerunPlan['judged']>['stored'],
): RerunPlan {
  const answer = task.mode === 'induction' ? scratch.program : scratch.answer;
  if (answer === undefined) {
    throw new ProblemError({
      code: 'missing-section',
      message: 'The line "# --- answer ---" is missing from the scratch file.',
      remedy: 'Put it back below the calls, and below it the answer as a literal.',
    });
  }
  return {
    ...plan,
    judged: {
      judge: ({ grader }, signal) => verifyAnswer(grader, task, answer, signal),
      ...(verdict !== undefined && { stored: verdict }),
    },
    ...(task.mode === 'induction' && { hidden: task.examples.slice(task.visible) }),
  };
}
