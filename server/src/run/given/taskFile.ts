/** The tasks of a user's file: its lines are read, executed and found right before the run begins. */
import { type HeldOutTask, type InspectedTask, isInWords } from '../../../protocol/heldOut.ts';
import { ProblemError } from '../../../protocol/problem.ts';
import { withoutProgram } from '../../method/measuring/inspectHeldOut.ts';
import { userFile } from '../../suites/data/dataSource.ts';
import { fileSuite } from '../../suites/file/fileSuite.ts';
import type { LoadContext } from '../../suites/suite.ts';
import { heldOutSet } from '../heldOutSet.ts';
import { parseTasks } from '../heldOutTasks.ts';
import { inspectTask } from '../inspectTask.ts';
import type { OpenGrader } from '../openGrader.ts';

/**
 * Every task has a name of its own. A file holds either items as the suite `file` takes them, or tasks as
 * a file of held-out tasks has them. Rejects with a ProblemError that names the first line that is wrong.
 */
export async function tasksOfFile(
  file: string,
  grader: OpenGrader,
  { signal, onProgress }: Pick<LoadContext, 'signal' | 'onProgress'>,
): Promise<readonly InspectedTask[]> {
  const text = await userFile(file);
  if (holdsTasks(text)) {
    const tasks = parseTasks(text, file, 'tasks').map((task, index): HeldOutTask => ({
      ...task,
      itemId: `task ${String(index + 1)}`,
    }));
    return (await heldOutSet(grader, tasks, signal)).tasks;
  }
  const { sandbox } = grader;
  const context = { sandbox, cacheFolder: '', dataFile: file, signal, onProgress };
  const { items } = await fileSuite.load(context);
  return Promise.all(
    items.map(async ({ task }) =>
      isInWords(task) ? withoutProgram(task) : inspectTask(task, sandbox, signal),
    ),
  );
}

/** Whether the first line is a task with its mode. */
function holdsTasks(text: string): boolean {
  const first = text.split('\n').find((line) => line.trim() !== '') ?? '';
  try {
    const value = JSON.parse(first) as unknown;
    return typeof value === 'object' && value !== null && 'mode' in value;
  } catch {
    return false;
  }
}

/** Throws ProblemError `unsuitable-tasks` where a task is asked in words, of which the embedded model knows none. */
export function requirePrograms(tasks: readonly HeldOutTask[], file: string): void {
  const inWords = tasks.find(isInWords);
  if (inWords === undefined) return;
  throw new ProblemError({
    code: 'unsuitable-tasks',
    message: `${file} asks in words (${inWords.itemId ?? 'a task'}), and the model reads programs alone.`,
    remedy: 'Name a file of programs with inputs and outputs, or train a model that reads text.',
  });
}
