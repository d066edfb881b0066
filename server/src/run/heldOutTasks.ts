/** Reads a file of held-out tasks, one JSON object per line. */
import { ProblemError } from '../../protocol/problem.ts';
import type { HeldOutTask } from '../../protocol/heldOut.ts';
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

const task: Schema<HeldOutTask> = object(
  {
    mode: choice(MODES),
    program: text(),
    examples: list(object({ input: text(), output: text() }), { minItems: 1 }),
    visible: integer({ minimum: 0 }),
  },
  {
    message: text(),
    stratum: text({ minLength: 1, maxLength: 80 }),
    itemId: text({ minLength: 1, maxLength: 80 }),
    tolerance: number({ minimum: 0 }),
  },
);

const check = schemaCheck(task);

/** Throws ProblemError `invalid-held-out` that names the first line that is not a task. */
export async function readHeldOutTasks(file: string): Promise<HeldOutTask[]> {
  return parseHeldOutTasks(await readText(file), file);
}

function parseHeldOutTasks(text: string, file: string): HeldOutTask[] {
  const lines = text.split('\n').map((line, index) => ({ line, number: index + 1 }));
  return lines
    .filter(({ line }) => line.trim() !== '')
    .map(({ line, number }) => readTask(line, `${file}, line ${number}`));
}

async function readText(file: string): Promise<string> {
  try {
    return await readSmallFile(file, LARGEST_BYTES, 'follow');
  } catch (error) {
    throw invalid(`${file} cannot be read: ${error instanceof Error ? error.message : ''}`);
  }
}

function readTask(line: string, place: string): HeldOutTask {
  let task: unknown;
  try {
    task = JSON.parse(line);
  } catch {
    throw invalid(`${place}: it is not valid JSON.`);
  }
  const validate = check();
  if (!validate(task)) {
    const [error] = validate.errors ?? [];
    throw invalid(`${place}: ${error?.instancePath ?? ''} ${error?.message ?? 'is not a task'}.`);
  }
  if (task.visible >= task.examples.length) {
    throw invalid(`${place}: "visible" leaves no hidden example.`);
  }
  return task;
}

function invalid(message: string): ProblemError {
  return new ProblemError({
    code: 'invalid-held-out',
    message,
    remedy: 'Correct the file, or set "probe" to another one, to "auto" or to "none".',
  });
}
