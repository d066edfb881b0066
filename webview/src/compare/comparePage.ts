/** Runs, checkpoints and evaluations side by side: tables, curves, what differs, and what changed. */
import type {
  ColumnChange,
  ComparisonReport,
  Measurement,
} from '../../../server/protocol/comparison.ts';
import type { TaskChange } from '../../../server/protocol/learning.ts';
import { MAXIMUM_PAGE } from '../../../server/protocol/queries.ts';
import type { RunOverview } from '../../../server/protocol/runs.ts';
import { visibleText } from '../../../server/protocol/visibleText.ts';
import type { PageFocus } from '../../../server/protocol/webviewMessages.ts';
import { changedTasks } from '../dashboard/changedTasks.ts';
import { partsTable } from '../dashboard/partsTable.ts';
import { type Connection, problemOf, type UnaskedMessage } from '../host/connection.ts';
import { Announcer } from '../ui/announce.ts';
import { element, fill } from '../ui/elements.ts';
import { countText } from '../ui/numberText.ts';
import { emptyNotice, problemNotice } from '../ui/problemNotice.ts';
import { onThemeChange } from '../ui/themeColours.ts';
import { checkbox, dropdown } from '../ui/toolkit.ts';
import { columnName } from './columnName.ts';
import { differencesTable, measurementsTable } from './comparisonTables.ts';
import { HeldOutCurves } from './heldOutCurves.ts';

/** Runs at work commit more often than a comparison is worth reading anew. */
const REFRESH_MS = 2000;

export class ComparePage {
  readonly root = element('main', 'compare-page');
  readonly #connection: Connection;
  readonly #announcer = new Announcer();
  readonly #body = element('div', 'compare-body');
  readonly #curves: HeldOutCurves;
  #runs: readonly RunOverview[] = [];
  #measurements: readonly Measurement[] = [];
  #report: ComparisonReport | undefined;
  #asked = '';
  #shown = '';
  #byTokens = false;
  #asTable = false;
  #waiting: number | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#curves = new HeldOutCurves((at) => {
      const [first] = at;
      if (first === undefined) return;
      const measurements = at.length > 1 ? at : [{ ...first, step: 0 }, first];
      connection.act({ kind: 'compare', measurements });
    });
    fill(
      this.root,
      element('h1', 'visually-hidden', 'AZR Comparison'),
      this.#body,
      this.#announcer.root,
    );
    fill(this.#body, emptyNotice('Waiting for AZR Studio …'));
    onThemeChange(() => {
      this.#curves.repaint();
    });
  }

  receive(message: UnaskedMessage): void {
    switch (message.kind) {
      case 'state':
        this.#runs = message.runs;
        this.#setFocus(message.focus);
        break;
      case 'focus':
        this.#setFocus(message.focus);
        break;
      case 'runs':
        this.#runs = message.runs;
        this.#refreshSoon();
        break;
      case 'move':
        break;
    }
  }

  #setFocus(focus: PageFocus): void {
    this.#measurements = focus.kind === 'compare' ? focus.measurements : [];
    this.#report = undefined;
    void this.#refresh();
  }

  #refreshSoon(): void {
    if (this.#waiting !== undefined) return;
    this.#waiting = window.setTimeout(() => {
      this.#waiting = undefined;
      void this.#refresh();
    }, REFRESH_MS);
  }

  /** Asks anew where what is compared, or one of its runs, is another than before. */
  async #refresh(): Promise<void> {
    const measurements = this.#measurements;
    if (measurements.length === 0) {
      fill(
        this.#body,
        emptyNotice(
          'Nothing to compare',
          'Run “AZR: Compare…” from the Command Palette, or select runs and steps in the AZR view and choose “Compare…”.',
        ),
      );
      return;
    }
    const asked = JSON.stringify([
      measurements,
      measurements.map(({ runId }) => this.#runs.find(({ id }) => id === runId)?.sequence),
    ]);
    if (asked === this.#asked && this.#report !== undefined) return;
    this.#asked = asked;
    try {
      const report = await this.#connection.request('azr/comparison', { measurements });
      if (this.#asked !== asked) return;
      this.#report = report;
      this.#draw(report);
    } catch (error) {
      this.#shown = '';
      this.#asked = '';
      fill(
        this.#body,
        problemNotice(problemOf(error), () => void this.#refresh()),
      );
    }
  }

  #draw(report: ComparisonReport): void {
    const names = report.columns.map((column) => columnName(this.#runs, column));
    this.#drawCurves(report);
    const shown = JSON.stringify([report.columns, report.changes, report.differences, names]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    fill(
      this.#body,
      this.#bar(report, names),
      element('h2', {}, 'Measurements'),
      measurementsTable(report, names),
      element('p', 'hint', explanation(report)),
      report.curves.length > 0 && element('h2', {}, 'Over training'),
      report.curves.length > 0 && this.#curveBar(),
      report.curves.length > 0 && this.#curves.root,
      ...report.changes.map((change) => this.#change(report, change, names)),
      element('h2', {}, 'What differs'),
      report.differences.length === 0
        ? element('p', 'hint', 'Model, settings, evaluation and machine are the same.')
        : differencesTable(report.differences, names),
    );
    this.#announcer.say(`Compared: ${names.join(', ')}.`);
  }

  #drawCurves({ curves }: ComparisonReport): void {
    this.#curves.show({
      curves,
      nameOf: (runId) => visibleText(this.#runs.find(({ id }) => id === runId)?.name ?? runId),
      byTokens: this.#byTokens,
    });
  }

  /** Chooses which measurement the others are compared with. */
  #bar(report: ComparisonReport, names: readonly string[]): HTMLElement | false {
    if (report.columns.length < 2) return false;
    return element(
      'div',
      'bar',
      element('span', {}, 'Compared with'),
      dropdown({
        label: 'Compared with',
        choices: names.map((label, index) => ({ value: String(index), label })),
        selected: '0',
        onChoose: (value) => {
          const chosen = this.#measurements[Number(value)];
          if (chosen === undefined || value === '0') return;
          const others = this.#measurements.filter((one) => one !== chosen);
          this.#connection.act({ kind: 'compare', measurements: [chosen, ...others] });
        },
      }),
    );
  }

  #curveBar(): HTMLElement {
    return element(
      'div',
      'bar',
      checkbox({
        label: 'By generated tokens',
        checked: this.#byTokens,
        onChange: (byTokens) => {
          this.#byTokens = byTokens;
          if (this.#report !== undefined) this.#drawCurves(this.#report);
        },
      }),
      checkbox({
        label: 'As tables',
        checked: this.#asTable,
        onChange: (asTable) => {
          this.#asTable = asTable;
          this.#curves.setTable(asTable);
        },
      }),
      element(
        'span',
        'hint',
        'Drag to zoom, double-click to reset, click a point to compare what was measured there.',
      ),
    );
  }

  #change(
    report: ComparisonReport,
    { column, tasks, paired }: ColumnChange,
    names: readonly string[],
  ): HTMLElement | false {
    const [before, after] = [report.columns[0]!, report.columns[column]!];
    if (paired === undefined) return false;
    const { gained, lost } = paired.greedy;
    return element(
      'section',
      'compare-change',
      element('h2', {}, `${names[0]!} → ${names[column]!}`),
      partsTable({ ...paired, tasks }),
      element(
        'div',
        'changed-lists',
        this.#changed(before, after, 'gained', gained),
        this.#changed(before, after, 'lost', lost),
      ),
    );
  }

  #changed(
    before: Measurement,
    after: Measurement,
    change: TaskChange,
    count: number,
  ): HTMLElement {
    const sides = { before: measurementOf(before), after: measurementOf(after) };
    return changedTasks(
      this.#connection,
      {
        ...{ change, runBefore: before.runId, runAfter: after.runId },
        page: (cursor) =>
          this.#connection.request('azr/comparedTasks', {
            ...{ ...sides, change, limit: MAXIMUM_PAGE },
            ...(cursor !== undefined && { cursor }),
          }),
      },
      count,
    );
  }
}

function measurementOf({ runId, step }: Measurement): Measurement {
  return { runId, ...(step !== undefined && { step }) };
}

function explanation({ changes }: ComparisonReport): string {
  const certainty = 'Intervals hold with 99 % certainty; p is McNemar’s exact test.';
  const apart = changes.filter(({ paired }) => paired === undefined).length;
  if (apart === 0) return `Changes are paired, task by task. ${certainty}`;
  const unpaired = changes.filter((one) => one.unpaired !== undefined).length;
  return `${countText(apart, 'measurement')} asked none of the first one’s tasks${unpaired > 0 ? '; where modes and strata are the same, the difference is that of two independent sets' : ''}. ${certainty}`;
}
