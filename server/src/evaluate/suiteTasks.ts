/** The tasks of a suite, ready to be asked, and how they are asked. */
import { DIALECT_TEMPLATE, type EvaluationPlan } from '../../protocol/evaluation.ts';
import type { RunListener } from '../../protocol/events.ts';
import type { InspectedTask } from '../../protocol/heldOut.ts';
import { ProblemError } from '../../protocol/problem.ts';
import type { RunSettings } from '../../protocol/settings.ts';
import type { Dialect } from '../method/dialects/dialect.ts';
import { type Asking, askingIn } from '../method/asking.ts';
import { heldOutSet } from '../run/heldOutSet.ts';
import type { OpenGrader } from '../run/openGrader.ts';
import type { PreparedSubject } from './subjects.ts';

/** The suite of the held-out tasks of the first subject: those of its run, or those that came with its model. */
export const HELD_OUT_SUITE = 'heldout';

/** The plan's tasks, executed and found right. Rejects with a ProblemError where there are none. */
export async function suiteTasks(
  plan: EvaluationPlan,
  first: PreparedSubject,
  grader: OpenGrader,
  _listener: RunListener,
  signal: AbortSignal,
): Promise<readonly InspectedTask[]> {
  const wanted = first.heldOut.slice(0, plan.items);
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
