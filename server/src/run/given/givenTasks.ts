/** The tasks of a run that proposes none, and which of them are held out. */
import type { RunListener } from '../../../protocol/events.ts';
import type { HeldOutSet, InspectedTask } from '../../../protocol/heldOut.ts';
import { ProblemError } from '../../../protocol/problem.ts';
import {
  GENERATED_TASKS,
  isTaskFile,
  PART_OF_TASKS,
  PROPOSED_TASKS,
} from '../../../protocol/taskSources.ts';
import { type GivenTask, isInspected } from '../../method/given/givenTasks.ts';
import { heldOutSetOf } from '../../method/measuring/inspectHeldOut.ts';
import type { OpenGrader } from '../openGrader.ts';
import type { PreparedRun } from '../prepareRun.ts';
import { generatedTasks } from './generateTasks.ts';
import { heldOutPart } from './holdOut.ts';
import { requirePrograms, tasksOfFile } from './taskFile.ts';

/**
 * All tasks that the source of `prepared` has, those to hold out among them; undefined where the policy
 * proposes its own. Rejects with a ProblemError where there are none that the model can be asked.
 */
export async function loadGivenTasks(
  { settings, dialect }: PreparedRun,
  grader: OpenGrader,
  listener: RunListener,
  signal: AbortSignal,
): Promise<readonly GivenTask[] | undefined> {
  const { modes, tasks: source } = settings;
  if (source === PROPOSED_TASKS) return undefined;
  if (source === GENERATED_TASKS) return generatedTasks(settings, dialect.name, signal);
  listener({ kind: 'notice', message: `Reading the tasks of ${source}.` });
  const all = await tasksOfFile(source, grader, {
    signal,
    onProgress: ({ phase, done, total = 0 }) => {
      if (phase === 'prepare') listener({ kind: 'phase', step: 0, phase: 'validate', done, total });
    },
  });
  const tasks = all.filter(({ mode }) => modes.includes(mode));
  if (tasks.length < all.length) {
    const message = `${all.length - tasks.length} of the ${all.length} tasks of ${source} are left out: their modes are not in "modes", which names ${modes.join(', ')}. A function to write counts as induction.`;
    listener({ kind: 'notice', message });
  }
  if (dialect.name === 'compact') requirePrograms(tasks, source);
  if (tasks.length > 0) return tasks;
  throw new ProblemError({
    code: 'no-tasks',
    message: `${source} has no task of the modes ${modes.join(', ')}.`,
    remedy: 'Name another file, or more "modes".',
  });
}

/** Whether a part of the tasks of the run's file is held out. */
export function holdsOutPart({
  settings,
  model,
}: Pick<PreparedRun, 'settings' | 'model'>): boolean {
  const { probe, tasks } = settings;
  if (!isTaskFile(tasks)) return false;
  return probe === PART_OF_TASKS || (probe === 'auto' && model.probeFile === undefined);
}

/** The part of a file's tasks that is held out. Throws ProblemError `no-tasks` where none would be left. */
export function heldOutOfTasks(given: readonly GivenTask[], seed: number): HeldOutSet {
  const tasks: readonly InspectedTask[] = given.filter(isInspected);
  const heldOut = heldOutPart(tasks, seed);
  if (heldOut.length < tasks.length) return heldOutSetOf(heldOut);
  throw new ProblemError({
    code: 'no-tasks',
    message:
      'The file of tasks has one program or question, which cannot be held out and trained on.',
    remedy: 'Give it more, name held-out tasks of their own in "probe", or set "probe" to "none".',
  });
}
