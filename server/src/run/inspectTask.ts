/** What lists and the skill map show of a task's program. */
import type { HeldOutTask, InspectedTask } from '../../protocol/heldOut.ts';
import type { PythonSandbox } from '../../protocol/sandbox.ts';
import { withoutProgram } from '../method/measuring/inspectHeldOut.ts';

/** `task`, whose program is looked into, in `sandbox`, and not executed. */
export async function inspectTask(
  task: HeldOutTask,
  sandbox: PythonSandbox,
  signal: AbortSignal,
): Promise<InspectedTask> {
  if (task.program === '') return withoutProgram(task);
  const { structure, template, constructs, syntaxNodes } = await sandbox.inspect(task.program, {
    signal,
  });
  return { ...task, structure, template, constructs, syntaxNodes };
}
