/** How the held-out tasks of a run were answered, step by step. */
import { CONSTRUCT_NAME } from '../../../protocol/constructs.ts';
import { MODES, type Mode } from '../../../protocol/vocabulary.ts';
import { CheckedRow } from '../rows/checkedRow.ts';
import { foreignJson } from '../rows/foreignJson.ts';
import { oneLine, TITLE_SOURCE_CHARACTERS } from '../lists/listText.ts';
import type { ReadConnection } from '../readConnection.ts';

/** One held-out task as one step found it. */
export interface HeldOutAnswer {
  readonly taskId: number;
  readonly mode: Mode;
  readonly stratum?: string;
  readonly constructs: readonly string[];
  /** The greedy answer. */
  readonly isRight: boolean;
  readonly rolloutId: number;
  /** Answers at temperature 1; absent where the step asked greedily only. */
  readonly sampled?: { readonly correct: number; readonly samples: number };
}

/** The first and the last step that asked greedily, and that sampled; absent where none did. */
export interface MeasuredSteps {
  readonly greedy?: { readonly first: number; readonly last: number };
  readonly sampled?: { readonly first: number; readonly last: number };
}

export function measuredSteps(connection: ReadConnection): MeasuredSteps {
  const greedy = ends(connection, 'probe.greedy.mean');
  const sampled = ends(connection, 'probe.passK.mean');
  return { ...(greedy && { greedy }), ...(sampled && { sampled }) };
}

function ends(connection: ReadConnection, metric: string): MeasuredSteps['greedy'] {
  const row = connection.first(
    'SELECT min(step) AS first, max(step) AS last FROM metric WHERE name = ?',
    metric,
  );
  const checked = new CheckedRow(row ?? {}, connection.path);
  const first = checked.optionalInteger('first');
  return first === undefined ? undefined : { first, last: checked.integer('last') };
}

/** The held-out tasks that `step` asked greedily, in the order of their file. */
export function heldOutAnswers(connection: ReadConnection, step: number): HeldOutAnswer[] {
  const sampled = sampledAnswers(connection, step);
  const rows = connection.all(
    `SELECT task.id, task.mode, substr(task.stratum, 1, ${String(TITLE_SOURCE_CHARACTERS)}) AS stratum,
       task.constructs, attempt.correct, attempt.first_rollout_id
     FROM attempt JOIN task ON task.id = attempt.task_id
     WHERE attempt.step = ? AND attempt.phase = 'greedy' ORDER BY task.id`,
    step,
  );
  return rows.map((row) => {
    const checked = new CheckedRow(row, connection.path);
    const taskId = checked.integer('id');
    const stratum = checked.optionalText('stratum');
    const counts = sampled.get(taskId);
    return {
      taskId,
      mode: checked.word('mode', MODES),
      ...(stratum !== undefined && { stratum: oneLine(stratum) }),
      constructs: connection.explaining(() => constructsFrom(checked.text('constructs'))),
      isRight: checked.integer('correct') > 0,
      rolloutId: checked.integer('first_rollout_id'),
      ...(counts !== undefined && { sampled: counts }),
    };
  });
}

function sampledAnswers(
  connection: ReadConnection,
  step: number,
): ReadonlyMap<number, NonNullable<HeldOutAnswer['sampled']>> {
  const rows = connection.all(
    `SELECT task_id, correct, attempts FROM attempt
     WHERE step = ? AND phase = 'probe' AND task_id IS NOT NULL`,
    step,
  );
  return new Map(
    rows.map((row) => {
      const checked = new CheckedRow(row, connection.path);
      const counts = { correct: checked.integer('correct'), samples: checked.integer('attempts') };
      return [checked.integer('task_id'), counts];
    }),
  );
}

/** Throws a SyntaxError when it is not a list; names that the harness does not give are left out. */
function constructsFrom(json: string): string[] {
  const names = foreignJson(json);
  if (!Array.isArray(names)) throw new SyntaxError('"constructs" is not a list of the right kind');
  return names.filter(
    (name: unknown): name is string => typeof name === 'string' && CONSTRUCT_NAME.test(name),
  );
}
