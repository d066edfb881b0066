/** The plan of a rerun of an edited scratch file. */
import { ProblemError } from '../../../protocol/problem.ts';
import { documentAddress } from '../../../protocol/documents.ts';
import {
  taskOfRollout,
  requireProposal,
  requireRollout,
  requireTask,
} from '../documents/documentLibrary.ts';
import type { OpenRun, OpenRuns } from '../openRuns.ts';
import { type SolvableTask, verifyAnswer } from '../../method/solve.ts';
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
  const { task, isAnswer } = originalOf(run, address);
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
  if (!isAnswer || task === undefined) return plan;
  return withVerdict(plan, task, scratch, requireRollout(run, address.id).verdict);
}

/** The task whose values the fresh ones are compared with. */
function originalOf(
  run: OpenRun,
  { kind, id }: NonNullable<ReturnType<typeof documentAddress>>,
): { readonly task?: SolvableTask | undefined; readonly isAnswer: boolean } {
  if (kind === 'task' || kind === 'reference')
    return { task: requireTask(run, id), isAnswer: false };
  if (kind === 'proposal') {
    const { taskId } = requireProposal(run, id);
    return { isAnswer: false, task: taskId === undefined ? undefined : requireTask(run, taskId) };
  }
  return { task: taskOfRollout(run, requireRollout(run, id)), isAnswer: true };
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
