/** What was learned, task by task: the held-out tasks gained and lost since the run began. */
import type { LearningReport, PartChange, RateChange } from '../../../server/protocol/learning.ts';
import { probability } from '../../../server/protocol/learningText.ts';
import type { RunId } from '../../../server/protocol/runs.ts';
import { visibleText } from '../../../server/protocol/visibleText.ts';
import type { Connection } from '../host/connection.ts';
import { element, fill } from '../ui/elements.ts';
import { countText, percentText } from '../ui/numberText.ts';
import { plainTable } from '../ui/plainTable.ts';
import { changedTasks } from './changedTasks.ts';
import { changeText } from './changeText.ts';

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
        changedTasks(this.#connection, { runId, change: 'gained' }, gained),
        changedTasks(this.#connection, { runId, change: 'lost' }, lost),
      ),
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
