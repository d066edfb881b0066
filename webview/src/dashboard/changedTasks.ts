/** A list of held-out tasks gained or lost between two measurements; each opens, and its answers side by side. */
import { documentUri } from '../../../server/protocol/documents.ts';
import type {
  ChangedTask,
  ChangedTasksQuery,
  TaskChange,
} from '../../../server/protocol/learning.ts';
import { MAXIMUM_PAGE, type Page } from '../../../server/protocol/queries.ts';
import type { RunId } from '../../../server/protocol/runs.ts';
import type { PageAction } from '../../../server/protocol/webviewMessages.ts';
import { visibleText } from '../../../server/protocol/visibleText.ts';
import { type Connection, problemOf } from '../host/connection.ts';
import { element, fill } from '../ui/elements.ts';
import { countText } from '../ui/numberText.ts';
import { plainTable } from '../ui/plainTable.ts';
import { problemNotice } from '../ui/problemNotice.ts';
import { button } from '../ui/toolkit.ts';

/** Which tasks are listed, and where they and their answers are. */
export interface ChangedTasksSource {
  readonly change: TaskChange;
  /** The run, or evaluation, that has the earlier answers and the tasks. */
  readonly runBefore: RunId;
  readonly runAfter: RunId;
  /** The page that a cursor begins; the first one without. */
  readonly page: (cursor: string | undefined) => Promise<Page<ChangedTask>>;
}

/** Of two steps of one run or evaluation. */
export function changedTasksOf(
  connection: Connection,
  of: Pick<ChangedTasksQuery, 'runId' | 'change' | 'between'>,
): ChangedTasksSource {
  const { runId, change } = of;
  return {
    ...{ change, runBefore: runId, runAfter: runId },
    page: (cursor) =>
      connection.request('azr/changedTasks', {
        ...{ ...of, limit: MAXIMUM_PAGE },
        ...(cursor !== undefined && { cursor }),
      }),
  };
}

/** The list, asked for at once where `count` says that there are some. */
export function changedTasks(
  connection: Connection,
  of: ChangedTasksSource,
  count: number,
): HTMLElement {
  const place = element('div', {});
  const title = of.change === 'gained' ? 'Gained' : 'Lost';
  if (count > 0) void load(connection, of, [], undefined, place);
  return element('div', {}, element('h3', {}, `${title}: ${countText(count, 'task')}`), place);
}

async function load(
  connection: Connection,
  of: ChangedTasksSource,
  before: readonly ChangedTask[],
  cursor: string | undefined,
  place: HTMLElement,
): Promise<void> {
  try {
    const page = await of.page(cursor);
    const tasks = [...before, ...page.items];
    fill(
      place,
      table(connection, of, tasks),
      page.cursor !== undefined &&
        button({
          label: 'Show more',
          onPress: () => void load(connection, of, tasks, page.cursor, place),
        }),
    );
  } catch (error) {
    const again = () => void load(connection, of, before, cursor, place);
    fill(place, problemNotice(problemOf(error), again));
  }
}

function table(
  connection: Connection,
  { runBefore, runAfter, change }: ChangedTasksSource,
  tasks: readonly ChangedTask[],
): HTMLElement {
  const hasStrata = tasks.some(({ stratum }) => stratum !== undefined);
  const link = (text: string, action: PageAction, look: string, label?: string) =>
    element(
      'button',
      {
        className: `link-button ${look}`,
        attributes: { type: 'button', 'aria-label': label },
        on: {
          click: () => {
            connection.act(action);
          },
        },
      },
      text,
    );
  const open = (runId: RunId, kind: 'task' | 'answer', id: number): PageAction => ({
    kind: 'open-document',
    uri: documentUri({ runId, kind, id }),
  });
  const answer = (runId: RunId, id: number, isRight: boolean, what: string) => {
    const text = isRight ? 'right' : 'wrong';
    const look = isRight ? 'good' : 'bad';
    return link(
      `${isRight ? '✓' : '✗'} ${text}`,
      open(runId, 'answer', id),
      look,
      `${what}: ${text}`,
    );
  };
  return plainTable({
    caption: `Tasks ${change}`,
    columns: [
      { title: 'Task' },
      { title: 'Mode' },
      ...(hasStrata ? [{ title: 'Stratum' }] : []),
      { title: 'Before' },
      { title: 'After' },
      { title: 'Both' },
    ],
    rows: tasks.map(({ taskId, mode, stratum, title, rolloutBefore, rolloutAfter }) => [
      link(visibleText(title), open(runBefore, 'task', taskId), 'code'),
      mode,
      ...(hasStrata ? [visibleText(stratum ?? '')] : []),
      answer(runBefore, rolloutBefore, change === 'lost', `Task ${String(taskId)} before`),
      answer(runAfter, rolloutAfter, change === 'gained', `Task ${String(taskId)} after`),
      link(
        'compare',
        {
          ...{ kind: 'compare-answers', runId: runBefore, rolloutBefore, rolloutAfter },
          ...(runAfter !== runBefore && { runIdAfter: runAfter }),
        },
        '',
        `Task ${String(taskId)}: compare both answers`,
      ),
    ]),
  });
}
