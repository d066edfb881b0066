/** What was learned, task by task: the held-out tasks gained and lost since the run began. */
import type { LearningReport } from '../../../server/protocol/learning.ts';
import type { RunId } from '../../../server/protocol/runs.ts';
import type { Connection } from '../host/connection.ts';
import { element, fill } from '../ui/elements.ts';
import { countText } from '../ui/numberText.ts';
import { changedTasks, changedTasksOf } from './changedTasks.ts';
import { partsTable } from './partsTable.ts';

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
      partsTable({ ...report, greedy: report.greedy }),
      element(
        'div',
        'changed-lists',
        changedTasks(
          this.#connection,
          changedTasksOf(this.#connection, { runId, change: 'gained' }),
          gained,
        ),
        changedTasks(
          this.#connection,
          changedTasksOf(this.#connection, { runId, change: 'lost' }),
          lost,
        ),
      ),
    );
  }
}

function waitingText({ tasks }: LearningReport): string {
  return tasks === 0
    ? 'This run has no held-out tasks (setting probe).'
    : `The ${countText(tasks, 'held-out task')} were asked before training. The next measurement (setting probeEverySteps) shows what was gained and lost.`;
}
