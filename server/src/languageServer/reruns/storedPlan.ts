/** Plans of reruns of what a run has stored. */
import { ProblemError } from '../../../protocol/problem.ts';
import type { DocumentAddress } from '../../../protocol/documents.ts';
import {
  requireProposal,
  requireRollout,
  requireTask,
  taskOfRollout,
} from '../documents/documentLibrary.ts';
import type { OpenRun } from '../openRuns.ts';
import { verifyAnswer } from '../../method/solve.ts';
import type { OpenGrader } from '../../run/openGrader.ts';
import { inputsOf } from './proposalInputs.ts';
import type { RerunPlan } from './rerunPlan.ts';

/** What a document stands for, whichever side of it is shown. */
export function storedPlan(run: OpenRun, { kind, id }: DocumentAddress): RerunPlan {
  switch (kind) {
    case 'task':
    case 'reference':
      return taskPlan(run, id);
    case 'proposal':
      return proposalPlan(run, id);
    case 'answer':
    case 'program':
    case 'prompt':
      return answerPlan(run, id);
  }
}

function taskPlan(run: OpenRun, taskId: number): RerunPlan {
  const { program, examples } = requireTask(run, taskId);
  return {
    title: `task ${taskId}`,
    settings: settingsOf(run),
    program,
    inputs: examples.map(({ input, output }) => ({ input, expected: output })),
  };
}

function proposalPlan(run: OpenRun, proposalId: number): RerunPlan {
  const proposal = requireProposal(run, proposalId);
  const { program, taskId } = proposal;
  if (program === undefined) throw nothingToRun(`Proposal ${proposalId} has no program`);
  const plan = {
    title: `proposal ${proposalId}`,
    settings: settingsOf(run),
    program,
  };
  if (taskId !== undefined) return { ...plan, inputs: taskPlan(run, taskId).inputs };
  return { ...plan, inputs: inputsOf(proposal).map((input) => ({ input })) };
}

function answerPlan(run: OpenRun, rolloutId: number): RerunPlan {
  const rollout = requireRollout(run, rolloutId);
  const { answer, verdict, role } = rollout;
  if (role === 'proposer') {
    const proposal = run.relatives.proposalOfRollout(rolloutId);
    if (proposal !== undefined) return proposalPlan(run, proposal.id);
  }
  const task = taskOfRollout(run, rollout);
  if (answer === undefined) {
    throw nothingToRun(`No answer could be read from rollout ${rolloutId}`);
  }
  const { program, examples, visible, mode } = task;
  const { input, output } = examples[0]!;
  const common = {
    title: `answer ${rolloutId}`,
    settings: settingsOf(run),
    judged: {
      judge: ({ grader }: OpenGrader, signal: AbortSignal) =>
        verifyAnswer(grader, task, answer, signal),
      ...(verdict !== undefined && { stored: verdict }),
    },
  };
  switch (mode) {
    case 'deduction':
      return { ...common, program, inputs: [{ input, expected: output }] };
    case 'abduction':
      return { ...common, program, inputs: [{ input: answer, expected: output }] };
    case 'induction': {
      const hidden = examples.slice(visible);
      const inputs = examples.map((example) => ({
        input: example.input,
        expected: example.output,
      }));
      return { ...common, program: answer, inputs, hidden };
    }
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
