/** The tasks of a run that proposes none, and which of them are held out. */
import type { RunListener } from '../../../protocol/events.ts';
import type { HeldOutSet, InspectedTask } from '../../../protocol/heldOut.ts';
import { ProblemError } from '../../../protocol/problem.ts';
import { GENERATED_TASKS, PART_OF_TASKS, PROPOSED_TASKS } from '../../../protocol/taskSources.ts';
import { type GivenTask, isInspected } from '../../method/given/givenTasks.ts';
import { heldOutSetOf } from '../../method/measuring/inspectHeldOut.ts';
import type { OpenGrader } from '../openGrader.ts';
import type { PreparedRun } from '../prepareRun.ts';
import type { LoadContext } from '../../suites/suite.ts';
import { generatedPrograms, generatedPuzzles } from './generateTasks.ts';
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
  const { modes, probe, tasks: source } = settings;
  const isOfNano = source === GENERATED_TASKS && dialect.name === 'compact';
  if (probe === PART_OF_TASKS && (source === PROPOSED_TASKS || isOfNano)) throw nothingToHoldOut();
  if (source === PROPOSED_TASKS) return undefined;
  if (isOfNano) return generatedPrograms(settings, signal);
  const context: LoadProgressContext = {
    signal,
    onProgress: ({ phase, done, total = 0 }) => {
      if (phase === 'prepare') listener({ kind: 'phase', step: 0, phase: 'validate', done, total });
    },
  };
  const from = source === GENERATED_TASKS ? 'reasoning-gym' : source;
  listener({ kind: 'notice', message: `Reading the tasks of ${from}.` });
  const all =
    source === GENERATED_TASKS
      ? await generatedPuzzles(settings, { ...context, sandbox: grader.sandbox })
      : await tasksOfFile(source, grader, context);
  const tasks = all.filter(({ mode }) => modes.includes(mode));
  if (tasks.length < all.length) {
    const message = `${all.length - tasks.length} of the ${all.length} tasks of ${from} are left out: their modes are not in "modes", which names ${modes.join(', ')}. A function to write counts as induction.`;
    listener({ kind: 'notice', message });
  }
  if (dialect.name === 'compact') requirePrograms(tasks, source);
  if (tasks.length > 0) return tasks;
  throw new ProblemError({
    code: 'no-tasks',
    message: `${from} has no task of the modes ${modes.join(', ')}.`,
    remedy: 'Name another file, or more "modes".',
  });
}

type LoadProgressContext = Pick<LoadContext, 'signal' | 'onProgress'>;

function nothingToHoldOut(): ProblemError {
  return new ProblemError({
    code: 'unsuitable-tasks',
    message: '"probe" is "tasks", and this run has no fixed set of tasks to hold a part of out.',
    remedy: 'Set "probe" to "auto", to a file of held-out tasks or to "none".',
  });
}

/** Whether a part of the tasks that a run is given is held out. */
export function holdsOutPart(
  { settings: { probe }, model }: Pick<PreparedRun, 'settings' | 'model'>,
  given: readonly GivenTask[],
): boolean {
  if (!given.every(isInspected)) return false;
  return probe === PART_OF_TASKS || (probe === 'auto' && model.probeFile === undefined);
}

/** The part of given tasks that is held out. Throws ProblemError `no-tasks` where none would be left. */
export function heldOutOfTasks(given: readonly GivenTask[], seed: number): HeldOutSet {
  const tasks: readonly InspectedTask[] = given.filter(isInspected);
  const heldOut = heldOutPart(tasks, seed);
  if (heldOut.length < tasks.length) return heldOutSetOf(heldOut);
  throw new ProblemError({
    code: 'no-tasks',
    message: 'There is one program or question, which cannot be held out and trained on.',
    remedy: 'Give more, name held-out tasks of their own in "probe", or set "probe" to "none".',
  });
}
