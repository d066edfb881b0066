/** The held-out answers of one measurement, each with what tells its task from others in any database. */
import { createHash } from 'node:crypto';

import type { Measurement } from '../../../protocol/comparison.ts';
import type { TaskRecord } from '../../../protocol/records.ts';
import { type HeldOutAnswer, heldOutAnswers } from '../../store/curves/heldOutQuery.ts';
import { CheckedRow } from '../../store/rows/checkedRow.ts';
import type { RunReader } from '../../store/runReader.ts';
import type { Pair } from '../pairedAnswers.ts';

export interface MeasuredAnswers {
  /** Undefined where nothing was measured up to the step that was asked for. */
  readonly step: number | undefined;
  readonly answers: readonly HeldOutAnswer[];
  /** The task of each answer: the same key stands for the same task. */
  readonly keys: readonly string[];
}

/** Throws a ProblemError when the database cannot be read. */
export function measuredAnswers(
  reader: RunReader,
  wanted: Pick<Measurement, 'step'>,
): MeasuredAnswers {
  return reader.connection.snapshot(() => {
    const step = measuredStep(reader, wanted.step);
    if (step === undefined) return { step, answers: [], keys: [] };
    const answers = heldOutAnswers(reader.connection, step);
    const keys = taskKeys(reader.heldOutTasks());
    return { step, answers, keys: answers.map(({ taskId }) => keys.get(taskId) ?? '') };
  });
}

/** The tasks that both were asked, in the order of the earlier measurement's file. */
export function pairsBetween(before: MeasuredAnswers, after: MeasuredAnswers): Pair[] {
  const later = new Map(after.keys.map((key, index) => [key, after.answers[index]!]));
  return before.answers.flatMap((answer, index) => {
    const match = later.get(before.keys[index]!);
    return match === undefined ? [] : [{ before: answer, after: match }];
  });
}

/** The latest step up to `wanted` whose held-out tasks were asked greedily. */
function measuredStep({ connection }: RunReader, wanted: number | undefined): number | undefined {
  const row = connection.first(
    "SELECT max(step) AS step FROM metric WHERE name = 'probe.greedy.mean' AND step <= ?",
    wanted ?? Number.MAX_SAFE_INTEGER,
  );
  return new CheckedRow(row ?? {}, connection.path).optionalInteger('step');
}

/** By the numbers of the tasks. Of tasks that are alike, the first is the first in any database. */
function taskKeys(tasks: Iterable<TaskRecord>): ReadonlyMap<number, string> {
  const counts = new Map<string, number>();
  const keys = new Map<number, string>();
  for (const { id, mode, program, examples, visible, message } of tasks) {
    const pairs = examples.map(({ input, output }) => [input, output]);
    const content = JSON.stringify([mode, program, pairs, visible, message ?? '']);
    const digest = createHash('sha256').update(content).digest('base64');
    const count = counts.get(digest) ?? 0;
    counts.set(digest, count + 1);
    keys.set(id, `${digest} ${String(count)}`);
  }
  return keys;
}
