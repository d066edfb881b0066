/** The tasks of a suite, ready to be asked, and how they are asked. */
import { DIALECT_TEMPLATE, type EvaluationPlan, TASKS_SUITE } from '../../protocol/evaluation.ts';
import type { RunListener } from '../../protocol/events.ts';
import type { HeldOutTask, InspectedTask } from '../../protocol/heldOut.ts';
import { ProblemError } from '../../protocol/problem.ts';
import type { TaskRecord } from '../../protocol/records.ts';
import type { RunSettings } from '../../protocol/settings.ts';
import type { Dialect } from '../method/dialects/dialect.ts';
import { type Asking, askingIn } from '../method/asking.ts';
import { heldOutSet } from '../run/heldOutSet.ts';
import type { OpenGrader } from '../run/openGrader.ts';
import { RunReader } from '../store/runReader.ts';
import type { PreparedSubject } from './subjects.ts';

/** The plan's tasks, executed and found right. Rejects with a ProblemError where there are none. */
export async function suiteTasks(
  plan: EvaluationPlan,
  first: PreparedSubject,
  grader: OpenGrader,
  _listener: RunListener,
  signal: AbortSignal,
): Promise<readonly InspectedTask[]> {
  const wanted =
    plan.suite === TASKS_SUITE ? namedTasks(plan, first) : first.heldOut.slice(0, plan.items);
  if (wanted.length === 0) {
    throw new ProblemError({
      code: 'no-tasks',
      message: 'The first subject has no held-out tasks.',
      remedy:
        'Name a run that has some, a model that came with some such as azr-nano, or another suite.',
    });
  }
  return (await heldOutSet(grader, wanted, signal)).tasks;
}

/** The tasks that the plan names. Throws ProblemError `no-tasks` where the run does not have one of them. */
function namedTasks({ taskIds = [] }: EvaluationPlan, { run }: PreparedSubject): HeldOutTask[] {
  if (run === undefined) {
    throw new ProblemError({
      code: 'no-tasks',
      message: 'The first subject is a model, which has no tasks to name.',
      remedy: 'Name the run that has them first.',
    });
  }
  const reader = RunReader.open(run.database);
  try {
    return taskIds.map((id) => {
      const task = reader.task(id);
      if (task !== undefined) return heldOutFrom(task);
      throw new ProblemError({
        code: 'no-tasks',
        message: `The run in ${run.folder} has no task ${String(id)}.`,
        remedy: 'The number of a task stands in its document and in the name of its tab.',
      });
    });
  } finally {
    reader.close();
  }
}

function heldOutFrom({
  mode,
  program,
  examples,
  visible,
  message,
  stratum,
}: TaskRecord): HeldOutTask {
  return {
    ...{ mode, program, examples, visible },
    ...(message !== undefined && { message }),
    ...(stratum !== undefined && { stratum }),
  };
}

/** What a suite needs other than a run does. */
export function suiteSettings(_suite: string): Partial<RunSettings> {
  return {};
}

/** How `template` of `suite` asks. Throws ProblemError `unknown-template`. */
export function askingOf(_suite: string, template: string, dialect: Dialect): Asking {
  if (template === DIALECT_TEMPLATE) return askingIn(dialect);
  throw new ProblemError({
    code: 'unknown-template',
    message: `There is no template "${template}".`,
    remedy: `Use "${DIALECT_TEMPLATE}".`,
  });
}
