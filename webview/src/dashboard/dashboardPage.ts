/** The dashboard: curves, curriculum, tables and configuration of the chosen runs. */
import { newestFirst } from '../../../server/protocol/runOrder.ts';
import type { RunId, RunOverview } from '../../../server/protocol/runs.ts';
import type { PageFocus } from '../../../server/protocol/webviewMessages.ts';
import { type Connection, problemOf, type UnaskedMessage } from '../host/connection.ts';
import { Announcer } from '../ui/announce.ts';
import { element, fill } from '../ui/elements.ts';
import { slider } from '../ui/slider.ts';
import { emptyNotice, problemNotice } from '../ui/problemNotice.ts';
import { type Tabs, tabs } from '../ui/tabs.ts';
import { onThemeChange } from '../ui/themeColours.ts';
import { checkbox } from '../ui/toolkit.ts';
import { configurationView } from './configurationView.ts';
import { CurriculumView } from './curriculumView.ts';
import { CurvesView } from './curvesView.ts';
import { type DashboardMemory, dashboardMemory } from './dashboardMemory.ts';
import { EvaluationView } from './evaluationView.ts';
import { LearnedView } from './learnedView.ts';
import { type Part, RunData } from './runData.ts';
import { findingNotice, MOST_RUNS, runLine, runPicker, warningNotice } from './runHeader.ts';
import { STRONGEST_SMOOTHING } from './smoothing.ts';
import { SkillMapView } from './skillMapView.ts';
import { TableView } from './tableView.ts';
import { runWarnings } from './warnings.ts';

const CHART_HINT =
  'Drag to zoom, double-click to reset, click a point to open its step; on held-out tasks, what was gained and lost by then.';
const CURRICULUM_HINT = 'Drag to zoom, double-click to reset, click a point to open its step.';
const GRID_HINT =
  'Point at a field, or walk with the arrow keys, for its numbers; click it to open its step.';

export class DashboardPage {
  readonly root = element('main', 'dashboard');
  readonly #connection: Connection;
  readonly #announcer = new Announcer();
  readonly #header = element('header', 'dashboard-header');
  readonly #warnings = element('div', {
    className: 'warnings',
    attributes: { role: 'region', 'aria-label': 'Warnings' },
  });
  readonly #findings = element('div', {
    className: 'findings',
    attributes: { role: 'region', 'aria-label': 'What was learned' },
  });
  readonly #body = element('div', 'dashboard-body');
  readonly #configuration = element('div', {});
  readonly #problem = element('div', {});
  readonly #data: RunData;
  readonly #curves: CurvesView;
  readonly #curriculum: CurriculumView;
  readonly #learned: LearnedView;
  readonly #evaluation: EvaluationView;
  readonly #skills: SkillMapView;
  #table: TableView | undefined;
  #tabs: Tabs | undefined;
  #memory: DashboardMemory = dashboardMemory(undefined);
  #runs: readonly RunOverview[] = [];
  #shown: readonly RunId[] = [];
  #configured: RunId | undefined;
  #headerText = '';

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#data = new RunData(connection, (runId, part) => {
      this.#dataChanged(runId, part);
    });
    const onStep = (step: number) => {
      this.#openStep(step);
    };
    this.#curves = new CurvesView(onStep, (step) => {
      this.#compareAt(step);
    });
    this.#curriculum = new CurriculumView(onStep);
    this.#skills = new SkillMapView(onStep);
    this.#learned = new LearnedView(connection);
    this.#evaluation = new EvaluationView(connection);
    fill(
      this.root,
      element('h1', 'visually-hidden', 'AZR Dashboard'),
      this.#header,
      this.#body,
      this.#announcer.root,
    );
    fill(this.#body, emptyNotice('Waiting for AZR Studio …'));
    onThemeChange(() => {
      this.#curves.repaint();
      this.#curriculum.repaint();
    });
  }

  receive(message: UnaskedMessage): void {
    switch (message.kind) {
      case 'state':
        this.#memory = dashboardMemory(message.memory);
        this.#runs = message.runs;
        this.#setFocus(message.focus);
        break;
      case 'focus':
        this.#setFocus(message.focus);
        break;
      case 'runs':
        this.#runs = message.runs;
        this.#update();
        break;
      case 'move':
        break;
    }
  }

  #setFocus(focus: PageFocus): void {
    if (focus.kind === 'dashboard') this.#shown = focus.runIds.slice(0, MOST_RUNS);
    this.#update();
  }

  #update(): void {
    const shown = this.#shownRuns();
    this.#drawHeader(shown);
    const first = shown[0];
    if (first === undefined) {
      this.#tabs = undefined;
      fill(this.#body, this.#nothing());
      return;
    }
    if (first.evaluation !== undefined) {
      this.#tabs = undefined;
      fill(this.#body, this.#problem, this.#evaluation.root);
      this.#data.refresh(first, ['evaluation']);
      this.#showEvaluation(first.id);
      return;
    }
    if (this.#tabs === undefined) this.#drawBody();
    this.#refresh(shown);
  }

  /** The runs of the focus; without any, the newest there is. */
  #shownRuns(): RunOverview[] {
    const shown = this.#shown.flatMap((id) => this.#runs.find((run) => run.id === id) ?? []);
    if (shown.length > 0) return shown;
    const newest = newestFirst(this.#runs).find(({ state }) => state !== 'unreadable');
    return newest === undefined ? [] : [newest];
  }

  #refresh(shown: readonly RunOverview[]): void {
    const first = shown[0]!;
    for (const run of shown) this.#data.refresh(run, ['metrics', 'learning']);
    if (this.#memory.tab === 'curriculum') this.#data.refresh(first, ['curriculum']);
    if (this.#memory.tab === 'skills') this.#data.refresh(first, ['skills']);
    if (this.#memory.tab === 'table') this.#table?.show(first);
    if (this.#memory.tab === 'learned') this.#showLearned(first.id);
    if (this.#memory.tab === 'configuration') void this.#configure(first);
  }

  #drawBody(): void {
    this.#table = new TableView({
      connection: this.#connection,
      state: this.#memory.table,
      onState: (table) => {
        this.#remember({ table });
      },
    });
    this.#tabs = tabs(
      'Parts of the dashboard',
      [
        {
          id: 'curves',
          label: 'Curves',
          panel: this.#pictures(this.#curves.root, CHART_HINT, this.#smoothingSlider()),
        },
        { id: 'learned', label: 'Learned', panel: this.#learned.root },
        { id: 'skills', label: 'Skills', panel: this.#pictures(this.#skills.root, GRID_HINT) },
        {
          id: 'curriculum',
          label: 'Curriculum',
          panel: this.#pictures(this.#curriculum.root, CURRICULUM_HINT),
        },
        { id: 'table', label: 'Proposals and Rollouts', panel: this.#table.root },
        { id: 'configuration', label: 'Configuration', panel: this.#configuration },
      ],
      this.#memory.tab,
      (tab) => {
        this.#remember({ tab });
        this.#refresh(this.#shownRuns());
      },
    );
    this.#curves.setTable(this.#memory.asTable);
    this.#curves.setSmoothing(this.#memory.smoothing);
    this.#curriculum.setTable(this.#memory.asTable);
    this.#skills.setTable(this.#memory.asTable);
    fill(this.#body, this.#problem, this.#findings, this.#warnings, this.#tabs.root);
  }

  #pictures(content: HTMLElement, hint: string, control?: HTMLElement): HTMLElement {
    return element(
      'div',
      {},
      element(
        'div',
        'bar',
        checkbox({
          label: 'As tables',
          checked: this.#memory.asTable,
          onChange: (asTable) => {
            this.#remember({ asTable });
            this.#curves.setTable(asTable);
            this.#curriculum.setTable(asTable);
            this.#skills.setTable(asTable);
          },
        }),
        control,
        element('span', 'hint', hint),
      ),
      content,
    );
  }

  #smoothingSlider(): HTMLElement {
    return slider({
      label: 'Smoothing',
      description: 'Draws moving averages. What was measured stays behind them, faintly.',
      value: this.#memory.smoothing,
      maximum: STRONGEST_SMOOTHING,
      step: 0.05,
      onChange: (smoothing) => {
        this.#remember({ smoothing });
        this.#curves.setSmoothing(smoothing);
      },
    });
  }

  #drawHeader(shown: readonly RunOverview[]): void {
    const several = shown.length > 1;
    // Ten updates a second must not take the focus out of the picker, nor repaint what is the same.
    const text = JSON.stringify([
      shown,
      this.#runs.map(({ id, name, state }) => [id, name, state]),
    ]);
    if (text === this.#headerText) return;
    this.#headerText = text;
    const lines = element(
      'div',
      'run-lines',
      ...shown.map((run, index) => runLine(run, several ? index : undefined)),
    );
    const old = this.#header.querySelector('.run-lines');
    const ids = JSON.stringify([
      this.#runs.map(({ id, state }) => [id, state]),
      shown.map(({ id }) => id),
    ]);
    if (old !== null && this.#header.dataset['runs'] === ids) {
      old.replaceWith(lines);
      return;
    }
    this.#header.dataset['runs'] = ids;
    const wasOpen = this.#header.querySelector('details')?.open === true;
    fill(this.#header, lines, this.#runs.length > 1 && this.#picker(shown, wasOpen));
  }

  #picker(shown: readonly RunOverview[], open: boolean): HTMLElement {
    const ids = shown.map(({ id }) => id);
    const picker = runPicker(this.#runs, ids, (runId, show) => {
      const others = ids.filter((id) => id !== runId);
      this.#shown = (show ? [...others, runId] : others).slice(-MOST_RUNS);
      this.#update();
      this.#drawCurves();
      this.#drawFindings();
    });
    picker.toggleAttribute('open', open);
    return picker;
  }

  #dataChanged(runId: RunId, part: Part): void {
    const shown = this.#shownRuns();
    const first = shown[0];
    if (first === undefined || !shown.some(({ id }) => id === runId)) return;
    if (part === 'metrics') this.#drawCurves();
    if (part === 'learning') {
      this.#drawFindings();
      if (this.#memory.tab === 'learned') this.#showLearned(first.id);
    }
    if (part === 'evaluation') this.#showEvaluation(first.id);
    const curriculum = this.#data.curriculum(first.id);
    if (part === 'curriculum' && curriculum !== undefined) this.#curriculum.setData(curriculum);
    const skills = this.#data.skills(first.id);
    if (part === 'skills' && skills !== undefined) this.#skills.setData(skills);
    const problem = this.#data.problem(runId);
    fill(
      this.#problem,
      problem &&
        problemNotice(problem, () => {
          this.#data.retry(
            first,
            first.evaluation === undefined
              ? ['metrics', 'learning', 'curriculum', 'skills']
              : ['evaluation'],
          );
        }),
    );
  }

  #drawCurves(): void {
    const shown = this.#shownRuns();
    const runs = shown.flatMap(({ id, name }) => {
      const table = this.#data.metrics(id);
      return table === undefined ? [] : [{ name, table }];
    });
    this.#curves.setRuns(runs);
    this.#curriculum.setRuns(runs.slice(0, 1));
    const warnings = runs.flatMap(({ table }) => runWarnings(table));
    const text = JSON.stringify(warnings);
    if (this.#warnings.dataset['text'] !== text) {
      this.#warnings.dataset['text'] = text;
      fill(this.#warnings, ...warnings.map(warningNotice));
    }
    const titles = warnings.map(({ title }) => `Warning: ${title}.`).join(' ');
    this.#announcer.say(`${titles} ${this.#curves.summary()}`.trim());
  }

  #drawFindings(): void {
    const shown = this.#shownRuns();
    const reports = shown.flatMap(({ id, name }) => {
      const report = this.#data.learning(id);
      // Without held-out tasks there is nothing to say.
      return report === undefined || report.tasks === 0 ? [] : [{ report, name }];
    });
    const text = JSON.stringify(reports);
    if (this.#findings.dataset['text'] === text) return;
    this.#findings.dataset['text'] = text;
    fill(
      this.#findings,
      ...reports.map(({ report, name }) =>
        findingNotice(report, shown.length > 1 ? name : undefined),
      ),
    );
  }

  #showEvaluation(runId: RunId): void {
    const report = this.#data.evaluation(runId);
    if (report !== undefined) this.#evaluation.show(runId, report);
  }

  #showLearned(runId: RunId): void {
    const report = this.#data.learning(runId);
    if (report !== undefined) this.#learned.show(runId, report);
  }

  async #configure(run: RunOverview): Promise<void> {
    if (this.#configured === run.id) return;
    this.#configured = run.id;
    try {
      const answer = await this.#connection.request('azr/configuration', { runId: run.id });
      fill(this.#configuration, configurationView(answer));
    } catch (error) {
      this.#configured = undefined;
      fill(
        this.#configuration,
        problemNotice(problemOf(error), () => void this.#configure(run)),
      );
    }
  }

  #openStep(step: number): void {
    const run = this.#shownRuns()[0];
    if (run === undefined) return;
    this.#connection.act({ kind: 'reveal-step', runId: run.id, step });
    this.#table?.showStep(step);
    this.#tabs?.select('table');
    this.#announcer.say(`Proposals of step ${String(step)}.`);
  }

  /** What was gained and lost by a step; of several runs, at that step beside each other. */
  #compareAt(step: number): void {
    const shown = this.#shownRuns().map(({ id }) => ({ runId: id, step }));
    const [first] = shown;
    if (first === undefined) return;
    const measurements = shown.length > 1 ? shown : [{ ...first, step: 0 }, first];
    this.#connection.act({ kind: 'compare', measurements });
  }

  #nothing(): HTMLElement {
    const unreadable = this.#runs.find(({ problem }) => problem !== undefined);
    if (unreadable?.problem !== undefined) return problemNotice(unreadable.problem);
    return emptyNotice(
      'No run yet',
      'Curves, tasks and rewards of a run appear here while it trains, and stay when it ends.',
      'Run “Start AZR Run” from the Command Palette: the embedded model needs no GPU and no download.',
    );
  }

  #remember(change: Partial<DashboardMemory>): void {
    this.#memory = { ...this.#memory, ...change };
    this.#connection.act({ kind: 'remember', memory: this.#memory });
  }
}
