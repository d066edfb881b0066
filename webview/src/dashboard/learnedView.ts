/** What was learned, task by task: the held-out tasks gained and lost since the run began. */
import { documentUri } from '../../../server/protocol/documents.ts';
import type {
  ChangedTask,
  LearningReport,
  PartChange,
  RateChange,
  TaskChange,
} from '../../../server/protocol/learning.ts';
import { probability } from '../../../server/protocol/learningText.ts';
import { MAXIMUM_PAGE } from '../../../server/protocol/queries.ts';
import type { RunId } from '../../../server/protocol/runs.ts';
import { visibleText } from '../../../server/protocol/visibleText.ts';
import { type Connection, problemOf } from '../host/connection.ts';
import { element, fill } from '../ui/elements.ts';
import { countText, percentText } from '../ui/numberText.ts';
import { plainTable } from '../ui/plainTable.ts';
import { problemNotice } from '../ui/problemNotice.ts';
import { button } from '../ui/toolkit.ts';

export class LearnedView {
  readonly root = element('div', 'learned-view');
  readonly #connection: Connection;
  #shown = '';

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Draws the report, and asks for the tasks it counts where it is another one than before. */
  show(runId: RunId, report: LearningReport): void {
    const text = JSON.stringify([runId, report]);
    if (text === this.#shown) return;
    this.#shown = text;
    if (report.greedy === undefined) {
      fill(this.root, element('p', 'hint', waitingText(report)));
      return;
    }
    const { step, gained, lost } = report.greedy;
    fill(
      this.root,
      element(
        'p',
        'hint',
        `Greedy answers after step ${String(step)} beside those before training. Intervals hold with 99 % certainty; p is McNemar’s exact test.`,
      ),
      partsTable(report),
      element(
        'div',
        'changed-lists',
        this.#list(runId, 'gained', gained),
        this.#list(runId, 'lost', lost),
      ),
    );
  }

  #list(runId: RunId, change: TaskChange, count: number): HTMLElement {
    const place = element('div', {});
    const title = change === 'gained' ? 'Gained' : 'Lost';
    if (count > 0) void this.#load(runId, change, [], undefined, place);
    return element('div', {}, element('h3', {}, `${title}: ${countText(count, 'task')}`), place);
  }

  async #load(
    runId: string,
    change: TaskChange,
    before: readonly ChangedTask[],
    cursor: string | undefined,
    place: HTMLElement,
  ): Promise<void> {
    try {
      const page = await this.#connection.request('azr/changedTasks', {
        ...{ runId, change, limit: MAXIMUM_PAGE },
        ...(cursor !== undefined && { cursor }),
      });
      const tasks = [...before, ...page.items];
      fill(
        place,
        this.#table(runId, change, tasks),
        page.cursor !== undefined &&
          button({
            label: 'Show more',
            onPress: () => void this.#load(runId, change, tasks, page.cursor, place),
          }),
      );
    } catch (error) {
      const again = () => void this.#load(runId, change, before, cursor, place);
      fill(place, problemNotice(problemOf(error), again));
    }
  }

  #table(runId: string, change: TaskChange, tasks: readonly ChangedTask[]): HTMLElement {
    const hasStrata = tasks.some(({ stratum }) => stratum !== undefined);
    return plainTable({
      caption: `Tasks ${change}`,
      columns: [
        { title: 'Task' },
        { title: 'Mode' },
        ...(hasStrata ? [{ title: 'Stratum' }] : []),
        { title: 'Before' },
        { title: 'After' },
      ],
      rows: tasks.map(({ taskId, mode, stratum, title, rolloutBefore, rolloutAfter }) => [
        this.#link(visibleText(title), documentUri({ runId, kind: 'task', id: taskId }), 'code'),
        mode,
        ...(hasStrata ? [visibleText(stratum ?? '')] : []),
        this.#answer(runId, rolloutBefore, change === 'lost', `Task ${String(taskId)} before`),
        this.#answer(runId, rolloutAfter, change === 'gained', `Task ${String(taskId)} after`),
      ]),
    });
  }

  #answer(runId: string, id: number, isRight: boolean, what: string): HTMLElement {
    const uri = documentUri({ runId, kind: 'answer', id });
    const text = isRight ? 'right' : 'wrong';
    const mark = isRight ? '✓' : '✗';
    return this.#link(`${mark} ${text}`, uri, isRight ? 'good' : 'bad', `${what}: ${text}`);
  }

  #link(text: string, uri: string, look = '', label?: string): HTMLElement {
    return element(
      'button',
      {
        className: `link-button ${look}`,
        attributes: { type: 'button', 'aria-label': label },
        on: {
          click: () => {
            this.#connection.act({ kind: 'open-document', uri });
          },
        },
      },
      text,
    );
  }
}

function waitingText({ tasks }: LearningReport): string {
  return tasks === 0
    ? 'This run has no held-out tasks (setting probe).'
    : `The ${countText(tasks, 'held-out task')} were asked before training. The next measurement (setting probeEverySteps) shows what was gained and lost.`;
}

function partsTable({ parts, sampled, greedy, tasks }: LearningReport): HTMLElement {
  const passK = sampled === undefined ? undefined : `pass@${String(sampled.samples)}`;
  const whole = { tasks, greedy: greedy!, ...(sampled && { passK: sampled.passK }) };
  return plainTable({
    caption: 'Held-out tasks by part',
    columns: [
      { title: 'Part' },
      ...[
        'Tasks',
        'Greedy',
        'Change, points',
        'Gained',
        'Lost',
        'p',
        ...(passK ? [passK, 'Change, points'] : []),
      ].map((title) => ({ title, numeric: true })),
    ],
    rows: [row('all', whole, passK), ...parts.map((part) => row(partName(part), part, passK))],
  });
}

function row(
  name: string,
  { tasks, greedy, passK }: Pick<PartChange, 'tasks' | 'greedy' | 'passK'>,
  passKTitle: string | undefined,
): string[] {
  return [
    name,
    String(tasks),
    rateText(greedy),
    changeText(greedy),
    String(greedy.gained),
    String(greedy.lost),
    probability(greedy.pValue).replace('= ', ''),
    ...(passKTitle === undefined
      ? []
      : passK === undefined
        ? ['–', '–']
        : [rateText(passK), changeText(passK)]),
  ];
}

function partName({ part }: PartChange): string {
  return 'mode' in part ? part.mode : visibleText(part.stratum);
}

function rateText({ before, after }: RateChange): string {
  return `${percentText(before)} → ${percentText(after)}`;
}

/** In points of a hundred, with the interval. */
function changeText({ before, after, low, high }: RateChange): string {
  return `${points(after - before)} (${points(low)} to ${points(high)})`;
}

function points(share: number): string {
  const rounded = Math.round(share * 1000) / 10;
  return `${rounded > 0 ? '+' : rounded < 0 ? '−' : ''}${String(Math.abs(rounded))}`;
}
