/** Plans of reruns of what a run has stored. */
import { ProblemError } from '../../../protocol/problem.ts';
import type { DocumentAddress } from '../../../protocol/documents.ts';
import type { TaskRecord } from '../../../protocol/records.ts';
import { type Subject, subjectOf } from '../documents/subject.ts';
import type { OpenRun } from '../openRuns.ts';
import { isQuestion } from '../documents/questionText.ts';
import { verifyAnswer } from '../../method/solve.ts';
import type { OpenGrader } from '../../run/openGrader.ts';
import { inputsOf } from './proposalInputs.ts';
import type { RerunPlan } from './rerunPlan.ts';

/** What running the document at `address` again means. */
export function storedPlan(run: OpenRun, address: DocumentAddress): RerunPlan {
  const subject = subjectOf(run, address);
  const { kind, id } = subject;
  const common = { title: `${kind} ${id}`, settings: settingsOf(run) };
  switch (kind) {
    case 'task':
      if (isQuestion(subject.task)) throw nothingToRun(`Task ${id} is a question in words`);
      return { ...common, program: subject.task.program, inputs: inputsOfTask(subject.task) };
    case 'proposal': {
      const { proposal, task } = subject;
      const { program } = proposal;
      if (program === undefined) throw nothingToRun(`Proposal ${id} has no program`);
      const inputs = task ? inputsOfTask(task) : inputsOf(proposal).map((input) => ({ input }));
      return { ...common, program, inputs };
    }
    case 'answer':
      return { ...common, ...answerParts(subject) };
  }
}

function inputsOfTask({ examples }: TaskRecord): RerunPlan['inputs'] {
  return examples.map(({ input, output }) => ({ input, expected: output }));
}

function answerParts({
  id,
  rollout,
  task,
}: Extract<Subject, { kind: 'answer' }>): Omit<RerunPlan, 'title' | 'settings'> {
  const { answer, verdict } = rollout;
  if (answer === undefined) throw nothingToRun(`No answer could be read from rollout ${id}`);
  const { program, examples, visible, mode } = task;
  const { input, output } = examples[0]!;
  const judged = {
    judge: ({ grader }: OpenGrader, signal: AbortSignal) =>
      verifyAnswer(grader, task, answer, signal),
    ...(verdict !== undefined && { stored: verdict }),
  };
  // A question in words has no program: its answer is only compared.
  if (isQuestion(task)) return { judged, program, inputs: [] };
  switch (mode) {
    case 'deduction':
      return { judged, program, inputs: [{ input, expected: output }] };
    case 'abduction':
      return { judged, program, inputs: [{ input: answer, expected: output }] };
    case 'induction':
      return {
        judged,
        program: answer,
        inputs: inputsOfTask(task),
        hidden: examples.slice(visible),
      };
  }
}

function settingsOf(run: OpenRun): RerunPlan['settings'] {
  return run.reader.information().settings;
}

function nothingToRun(what: string): ProblemError {
  return new ProblemError({
    code: 'nothing-to-run',
    message: `${what}, so that there is nothing to run.`,
    remedy: 'Its prompt and completion can be read instead.',
  });
}
