/** Reads a file of tasks, one JSON object per line: held-out ones, or those that a run is to train on. */
import { ProblemError } from '../../protocol/problem.ts';
import type { HeldOutTask, InspectedTask } from '../../protocol/heldOut.ts';
import { MODES } from '../../protocol/vocabulary.ts';
import { readSmallFile } from '../files/readFile.ts';
import { schemaCheck } from '../settings/schemaCheck.ts';
import {
  choice,
  integer,
  list,
  number,
  object,
  type Schema,
  text,
} from '../settings/typedSchema.ts';

/** Some tens of thousands of tasks. */
const LARGEST_BYTES = 16 * 2 ** 20;

const required = {
  mode: choice(MODES),
  program: text(),
  examples: list(object({ input: text(), output: text() }), { minItems: 1 }),
  visible: integer({ minimum: 0 }),
};
const optional = {
  message: text(),
  stratum: text({ minLength: 1, maxLength: 80 }),
  itemId: text({ minLength: 1, maxLength: 80 }),
  tolerance: number({ minimum: 0 }),
};
const task: Schema<HeldOutTask> = object(required, optional);
const inspectedTask: Schema<InspectedTask> = object(
  {
    ...required,
    ...{ structure: text(), template: text(), constructs: list(text()) },
    syntaxNodes: integer({ minimum: 0 }),
  },
  optional,
);

const check = schemaCheck(task);
const checkInspected = schemaCheck(inspectedTask);

/** A task that a run has kept, as JSON gives it. Throws ProblemError `corrupt` where nothing of ours wrote it. */
export function keptTask(value: unknown): HeldOutTask | InspectedTask {
  const validate = check();
  const validateInspected = checkInspected();
  if (validateInspected(value)) return value;
  if (validate(value)) return value;
  throw new ProblemError({
    code: 'corrupt',
    message: 'run.db holds a given task that nothing of ours wrote.',
    remedy: 'Restore the run folder from a copy.',
  });
}

/** The setting that names the file. */
type NamingSetting = 'probe' | 'tasks';

/** Rejects with ProblemError `invalid-held-out` that names the first line that is not a task. */
export async function readTasks(file: string, setting: NamingSetting): Promise<HeldOutTask[]> {
  return parseTasks(await readText(file, setting), file, setting);
}

/** The tasks in the text of `file`. Throws like {@link readTasks}. */
export function parseTasks(text: string, file: string, setting: NamingSetting): HeldOutTask[] {
  const lines = text.split('\n').map((line, index) => ({ line, number: index + 1 }));
  return lines
    .filter(({ line }) => line.trim() !== '')
    .map(({ line, number }) => readTask(line, `${file}, line ${number}`, setting));
}

async function readText(file: string, setting: NamingSetting): Promise<string> {
  try {
    return await readSmallFile(file, LARGEST_BYTES, 'follow');
  } catch (error) {
    const reason = error instanceof Error ? error.message : '';
    throw invalid(`${file} cannot be read: ${reason}`, setting);
  }
}

function readTask(line: string, place: string, setting: NamingSetting): HeldOutTask {
  let task: unknown;
  try {
    task = JSON.parse(line);
  } catch {
    throw invalid(`${place}: it is not valid JSON.`, setting);
  }
  const validate = check();
  if (!validate(task)) {
    const [error] = validate.errors ?? [];
    const what = `${error?.instancePath ?? ''} ${error?.message ?? 'is not a task'}`;
    throw invalid(`${place}: ${what}.`, setting);
  }
  if (task.visible >= task.examples.length) {
    throw invalid(`${place}: "visible" leaves no hidden example.`, setting);
  }
  return task;
}

const REMEDIES: Readonly<Record<NamingSetting, string>> = {
  probe: 'Correct the file, or set "probe" to another one, to "auto" or to "none".',
  tasks: 'Correct the file, or set "tasks" to another one, or to "model".',
};

function invalid(message: string, setting: NamingSetting): ProblemError {
  return new ProblemError({ code: 'invalid-held-out', message, remedy: REMEDIES[setting] });
}
