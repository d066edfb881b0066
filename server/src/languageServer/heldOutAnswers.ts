/**
 * Which held-out task an answer is to. No run stores them; but its settings name their file, which is
 * frozen, and a prompt is a function of the task, so the stored prompt tells which one was asked.
 */
import { statSync } from 'node:fs';

import type { HeldOutTask } from '../../protocol/heldOut.ts';
import type { RolloutRecord } from '../../protocol/records.ts';
import type { RunSettings } from '../../protocol/settings.ts';
import type { DialectRules } from '../azr/dialects/dialect.ts';
import { dialectFor } from '../azr/dialects/dialectFor.ts';
import { promptText } from '../azr/rollouts.ts';
import { questionOf } from '../azr/solve.ts';
import { readHeldOutTasksSync } from '../runner/heldOutTasks.ts';
import { heldOutFile } from '../runner/modelFolder.ts';
import { RunnerError } from '../runner/runnerError.ts';
import { FileError } from '../files/fileError.ts';
import type { RunReader } from '../store/runReader.ts';

/** A run that left the dialect to its model did not store which it was, and the model may be gone. */
const DIALECTS: readonly DialectRules['name'][] = ['compact', 'chat', 'turns', 'r1'];

export class HeldOutAnswers {
  readonly #reader: RunReader;
  #signature: string | undefined;
  #taskOfPrompt: ReadonlyMap<string, HeldOutTask> = new Map();

  constructor(reader: RunReader) {
    this.#reader = reader;
  }

  /**
   * The task that a rollout answered; undefined when it is none of the probe, or when the file of the
   * held-out tasks is gone, damaged, or another one by now.
   */
  taskOf({ phase, prompt }: Pick<RolloutRecord, 'phase' | 'prompt'>): HeldOutTask | undefined {
    if (phase !== 'probe') return undefined;
    this.#read();
    return this.#taskOfPrompt.get(prompt);
  }

  #read(): void {
    const { settings } = this.#reader.information();
    const file = heldOutFile(settings);
    const signature = file === undefined ? '' : signatureOf(file);
    if (signature === this.#signature) return;
    this.#signature = signature;
    this.#taskOfPrompt = file === undefined || signature === '' ? new Map() : read(file, settings);
  }
}

function signatureOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat === undefined ? '' : `${file} ${stat.size} ${stat.mtimeMs}`;
}

function read(file: string, settings: RunSettings): Map<string, HeldOutTask> {
  try {
    return tasksByPrompt(readHeldOutTasksSync(file), settings);
  } catch (error) {
    // Without the tasks an answer is shown with its prompt alone, which no file can take away.
    const isOfFile = error instanceof FileError || isSystemError(error);
    if (error instanceof RunnerError || isOfFile) return new Map();
    throw error;
  }
}

/** Of tasks with one prompt, such as two inputs with the same output, the first stands for all. */
function tasksByPrompt(
  tasks: readonly HeldOutTask[],
  settings: RunSettings,
): Map<string, HeldOutTask> {
  const found = new Map<string, HeldOutTask>();
  for (const name of DIALECTS) {
    const dialect = dialectFor(settings, { dialect: name, hasChatTemplate: false });
    for (const task of tasks) {
      const prompt = promptText(dialect.solve(questionOf(task)));
      if (!found.has(prompt)) found.set(prompt, task);
    }
  }
  return found;
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}
