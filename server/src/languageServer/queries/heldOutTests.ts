/** Held-out tasks and the answers to them, one by one, a page at a time. */
import type {
  HeldOutItem,
  HeldOutItemsQuery,
  HeldOutVerdict,
  HeldOutVerdictsQuery,
} from '../../../protocol/heldOutTests.ts';
import type { Page } from '../../../protocol/queries.ts';
import type { RolloutRecord, TaskRecord } from '../../../protocol/records.ts';
import { heldOutAnswers } from '../../store/curves/heldOutQuery.ts';
import { oneLine, taskTitle } from '../../store/lists/listText.ts';
import { pageSize, wholeNumber } from '../../store/lists/pageCursor.ts';
import { Relatives } from '../../store/lists/relatives.ts';
import type { RunReader } from '../../store/runReader.ts';
import { entryFunction } from '../documents/entryFunction.ts';
import { completionText } from '../documents/prunedCompletion.ts';

/** Throws a ProblemError when the database cannot be read. */
export function heldOutItems(reader: RunReader, query: HeldOutItemsQuery): Page<HeldOutItem> {
  return pageOf(reader.heldOutTaskIds(), query, (ids) =>
    new Relatives(reader.connection).tasksByIds(ids).map((task) => ({
      ...{ taskId: task.id, mode: task.mode },
      ...(task.stratum !== undefined && { stratum: oneLine(task.stratum) }),
      title: taskTitle(task) ?? '',
    })),
  );
}

/** Throws a ProblemError when the database cannot be read. */
export function heldOutVerdicts(
  reader: RunReader,
  query: HeldOutVerdictsQuery,
): Page<HeldOutVerdict> {
  return reader.connection.snapshot(() =>
    pageOf(heldOutAnswers(reader.connection, query.step), query, (answers) => {
      const ids = answers.map(({ taskId }) => taskId);
      const tasks = new Map(
        new Relatives(reader.connection).tasksByIds(ids).map((task) => [task.id, task]),
      );
      return answers.flatMap(({ taskId, rolloutId }) => {
        const [task, rollout] = [tasks.get(taskId), reader.rollout(rolloutId)];
        return task === undefined || rollout === undefined ? [] : [heldOutVerdict(task, rollout)];
      });
    }),
  );
}

/** The page of `all` that the cursor, a number of items, begins. */
function pageOf<Row, Item>(
  all: readonly Row[],
  query: HeldOutItemsQuery,
  itemsOf: (rows: readonly Row[]) => readonly Item[],
): Page<Item> {
  const offset = wholeNumber('cursor', Number(query.cursor ?? 0), 0);
  const rows = all.slice(offset, offset + pageSize(query.limit));
  const next = offset + rows.length;
  const items = itemsOf(rows);
  return next < all.length ? { items, cursor: String(next) } : { items };
}

/** An answer beside what was expected, in the same form. */
export function heldOutVerdict(task: TaskRecord, rollout: RolloutRecord): HeldOutVerdict {
  const { id, verdict = 'malformed', verdictMessage } = rollout;
  return {
    ...{ taskId: task.id, rolloutId: id, verdict },
    message: verdictMessage ?? 'It was not judged.',
    ...valuesOf(task, rollout),
  };
}

function valuesOf(
  task: TaskRecord,
  rollout: RolloutRecord,
): Pick<HeldOutVerdict, 'expected' | 'actual'> {
  if (task.mode === 'induction') return hiddenExamples(task, rollout);
  const { input, output } = task.examples[0] ?? { input: '', output: '' };
  const answer = rollout.answer?.trim();
  const isInput = task.mode === 'abduction';
  const call = `${entryFunction(task.program)}(${answer ?? input})`;
  const expected = isInput ? `${call}\n${output}` : output;
  if (answer === undefined) return { expected, actual: unreadable(rollout) };
  if (!isInput) return { expected, actual: answer };
  return { expected, actual: `${call}\n${givenBy(rollout, 0) ?? 'It was not executed.'}` };
}

/** A line for each hidden example: the call and what it gives. */
function hiddenExamples(
  { examples, visible }: TaskRecord,
  rollout: RolloutRecord,
): Pick<HeldOutVerdict, 'expected' | 'actual'> {
  const hidden = examples.slice(visible);
  const name = entryFunction(rollout.answer ?? '');
  const line = (input: string, gives: string) => `${name}(${input})  → ${gives}`;
  const expected = hidden.map(({ input, output }) => line(input, output)).join('\n');
  if (rollout.answer === undefined) return { expected, actual: unreadable(rollout) };
  if (rollout.executions.length === 0) return { expected, actual: rollout.answer };
  const actual = hidden
    .map(({ input }, index) => line(input, givenBy(rollout, index) ?? 'It was not executed.'))
    .join('\n');
  return { expected, actual };
}

/** What the answer gave when it was judged, or what became of its execution. */
function givenBy({ executions }: RolloutRecord, index: number): string | undefined {
  const execution = executions[index];
  if (execution === undefined) return undefined;
  return execution.output ?? `${execution.outcome}: ${execution.message ?? ''}`;
}

function unreadable(rollout: RolloutRecord): string {
  return `No answer could be read from the completion:\n${completionText(rollout)}`;
}
