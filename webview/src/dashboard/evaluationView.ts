/** What an evaluation found: its subjects in a table, and each beside the first, task by task. */
import type {
  EvaluationReport,
  MeasuredRate,
  SubjectChange,
} from '../../../server/protocol/evaluation.ts';
import { REPORT_LEVEL, type RateChange } from '../../../server/protocol/learning.ts';
import { probability } from '../../../server/protocol/learningText.ts';
import type { RunId } from '../../../server/protocol/runs.ts';
import { visibleText } from '../../../server/protocol/visibleText.ts';
import type { Connection } from '../host/connection.ts';
import { element, fill } from '../ui/elements.ts';
import { countText, percentText } from '../ui/numberText.ts';
import { plainTable } from '../ui/plainTable.ts';
import { changedTasks, changedTasksOf } from './changedTasks.ts';
import { pointsText } from './changeText.ts';

export class EvaluationView {
  readonly root = element('div', 'learned-view');
  readonly #connection: Connection;
  #shown = '';

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Draws the report where it is another one than before. */
  show(runId: RunId, report: EvaluationReport): void {
    const text = JSON.stringify([runId, report]);
    if (text === this.#shown) return;
    this.#shown = text;
    const { plan, results, changes } = report;
    if (results.length === 0) {
      fill(this.root, element('p', 'hint', 'The first subject is being asked.'));
      return;
    }
    fill(
      this.root,
      element('h3', {}, `${visibleText(plan.suite)}: ${countText(report.tasks, 'task')}`),
      element('p', 'hint', askedText(report)),
      subjectsTable(report),
      partsTable(report),
      ...changes.map((change) => this.#change(runId, report, change)),
    );
  }

  #change(runId: RunId, { plan }: EvaluationReport, change: SubjectChange): HTMLElement {
    const { before, after, greedy, pass1, passK } = change;
    const between = { before, after };
    const label = (step: number) =>
      visibleText(plan.subjects.find((subject) => subject.step === step)?.label ?? '');
    const sampled =
      passK === undefined
        ? ''
        : ` pass@1 ${rateText(pass1!)}, pass@${String(plan.samples)} ${rateText(passK)}.`;
    return element(
      'section',
      {},
      element('h3', {}, `${label(before)} → ${label(after)}`),
      element(
        'p',
        {},
        `Greedy ${rateText(greedy)}: ${String(greedy.gained)} tasks gained, ${String(greedy.lost)} lost, p ${probability(greedy.pValue)}.${sampled}`,
      ),
      element(
        'div',
        'changed-lists',
        changedTasks(
          this.#connection,
          changedTasksOf(this.#connection, { runId, change: 'gained', between }),
          greedy.gained,
        ),
        changedTasks(
          this.#connection,
          changedTasksOf(this.#connection, { runId, change: 'lost', between }),
          greedy.lost,
        ),
      ),
    );
  }
}

function askedText({ plan, results }: EvaluationReport): string {
  const asked =
    plan.samples === 0
      ? 'Each task is asked greedily.'
      : `Each task is asked greedily and ${String(plan.samples)} times at temperature ${String(plan.temperature)}; pass@k is the share solved at least once in k answers.`;
  const certainty = `Intervals hold with ${String(REPORT_LEVEL * 100)} % certainty; p is McNemar’s exact test.`;
  const left = plan.subjects.length - results.length;
  return `${asked} ${certainty}${left > 0 ? ` ${countText(left, 'subject')} still to be asked.` : ''}`;
}

function subjectsTable({ results }: EvaluationReport): HTMLElement {
  const curve = results[0]?.passAtK.map(({ k }) => k) ?? [];
  const hasTemplates = results.some(({ isBestTemplate }) => !isBestTemplate);
  return plainTable({
    caption: 'Subjects',
    columns: [
      { title: 'Subject' },
      { title: 'Greedy', numeric: true },
      ...curve.map((k) => ({ title: `pass@${String(k)}`, numeric: true })),
    ],
    rows: results.map(({ subject, greedy, passAtK, isBestTemplate }) => [
      `${visibleText(subject.label)}${hasTemplates && isBestTemplate ? ' (best template)' : ''}`,
      intervalText(greedy),
      ...passAtK.map(({ rate }) => percentText(rate)),
    ]),
  });
}

function partsTable({ results }: EvaluationReport): HTMLElement | false {
  const parts = results[0]?.parts ?? [];
  if (parts.length < 2) return false;
  return plainTable({
    caption: 'Greedy answers by part',
    columns: [
      { title: 'Greedy' },
      ...parts.map(({ part, tasks }) => ({
        title: `${'mode' in part ? part.mode : visibleText(part.stratum)} (${String(tasks)})`,
        numeric: true,
      })),
    ],
    rows: results.map(({ subject, parts: of }) => [
      visibleText(subject.label),
      ...of.map(({ greedy }) => percentText(greedy)),
    ]),
  });
}

/** A rate with its interval. */
export function intervalText({ rate, low, high }: MeasuredRate): string {
  return `${percentText(rate)} (${percentText(low)} to ${percentText(high)})`;
}

function rateText({ before, after, low, high }: RateChange): string {
  return `${percentText(before)} → ${percentText(after)} (${pointsText(low)} to ${pointsText(high)} points)`;
}
