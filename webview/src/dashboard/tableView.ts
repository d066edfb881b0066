/** Proposals and rollouts of one run: the server sorts, filters, searches and pages; this shows it. */
import { documentUri } from '../../../server/protocol/documents.ts';
import {
  type ItemFilter,
  MAXIMUM_PAGE,
  TABLE_SORTS,
  type TableQuery,
} from '../../../server/protocol/queries.ts';
import type { RunId, RunOverview } from '../../../server/protocol/runs.ts';
import {
  MODES,
  REJECTION_REASONS,
  ROLES,
  VERDICT_REASONS,
  VERDICTS,
} from '../../../server/protocol/vocabulary.ts';
import { type Connection, problemOf } from '../host/connection.ts';
import { element, fill } from '../ui/elements.ts';
import { countText } from '../ui/numberText.ts';
import { emptyNotice, problemNotice } from '../ui/problemNotice.ts';
import { button, type Choice, dropdown, textField } from '../ui/toolkit.ts';
import { VirtualGrid } from '../ui/virtualGrid.ts';
import { COLUMNS, type TableName, type TableRow } from './tableColumns.ts';

export interface TableState {
  readonly table: TableName;
  readonly sort: string;
  readonly descending: boolean;
  readonly filter: ItemFilter;
}

export const FIRST_TABLE_STATE: TableState = {
  table: 'proposals',
  sort: 'id',
  descending: true,
  filter: {},
};

const TYPING_MS = 250;
/** Rows that take longer to find are found anew at somebody's wish only, not with every step. */
const SLOW_MS = 1000;
/** Rows that the newest page is read anew with, while a run goes on. */
const ALL = '';

export interface TableViewOptions {
  readonly connection: Connection;
  readonly state: TableState;
  readonly onState: (state: TableState) => void;
}

export class TableView {
  readonly root = element('div', 'table-view');
  readonly #connection: Connection;
  readonly #onState: (state: TableState) => void;
  readonly #bar = element('div', {
    className: 'bar',
    attributes: { role: 'group', 'aria-label': 'Filter' },
  });
  readonly #place = element('div', 'table-place');
  readonly #status = element('p', {
    className: 'hint table-status',
    attributes: { role: 'status' },
  });
  readonly #grid: VirtualGrid<TableRow>;
  #state: TableState;
  #run: RunOverview | undefined;
  #rows: readonly TableRow[] = [];
  #cursor: string | undefined;
  #shownSequence = -1;
  /** Of the present list; aborted when another takes its place. */
  #reading = new AbortController();
  #readingMs = 0;
  #fetching = false;
  #typing: number | undefined;

  constructor({ connection, state, onState }: TableViewOptions) {
    this.#connection = connection;
    this.#state = state;
    this.#onState = onState;
    this.#grid = new VirtualGrid<TableRow>({
      label: 'Proposals and rollouts',
      onOpen: (row) => {
        this.#open(row);
      },
      onSecond: (row) => {
        this.#rewards(row);
      },
      onSort: (column) => {
        const descending = this.#state.sort === column ? !this.#state.descending : true;
        this.#change({ sort: column, descending });
      },
      onEnd: () => {
        void this.#more();
      },
    });
    fill(this.root, this.#bar, this.#place, this.#status);
    this.#drawBar();
  }

  get filter(): ItemFilter {
    return this.#state.filter;
  }

  /** Shows one step's rows. */
  showStep(step: number): void {
    this.#change({ filter: { ...this.#state.filter, step } });
    this.#drawBar();
  }

  /** Called when the run changed and the table is in view. */
  show(run: RunOverview): void {
    const other = this.#run?.id !== run.id || this.#run.lastDiscard !== run.lastDiscard;
    this.#run = run;
    if (other) void this.#start(false);
    else if (run.sequence !== this.#shownSequence && !this.#fetching) {
      // Rows that somebody reads do not move under their eyes.
      if (this.#grid.isAtTop && this.#readingMs < SLOW_MS) void this.#start(true);
      else this.#tellCount(true);
    }
  }

  #change(change: Partial<TableState>): void {
    this.#state = { ...this.#state, ...change };
    this.#onState(this.#state);
    void this.#start(false);
  }

  async #start(keepPlace: boolean): Promise<void> {
    const run = this.#run;
    if (run === undefined) return;
    this.#reading.abort();
    this.#reading = new AbortController();
    this.#shownSequence = run.sequence;
    this.#cursor = undefined;
    const { table, sort, descending } = this.#state;
    if (!keepPlace) {
      this.#grid.setColumns(COLUMNS[table], { column: sort, descending });
      this.#rows = [];
      this.#grid.setRows([], false, false);
      this.#status.textContent = this.#isFiltered ? 'Searching…' : 'Reading…';
    }
    await this.#fetch(run.id, keepPlace ? 'again' : 'first');
  }

  async #more(): Promise<void> {
    const run = this.#run;
    if (run === undefined || this.#fetching || this.#cursor === undefined) return;
    await this.#fetch(run.id, 'next');
  }

  async #fetch(runId: RunId, which: 'first' | 'again' | 'next'): Promise<void> {
    const { signal } = this.#reading;
    const began = performance.now();
    this.#fetching = true;
    try {
      const answer = await this.#connection.request('azr/table', this.#query(runId), signal);
      this.#rows = which === 'next' ? [...this.#rows, ...answer.items] : answer.items;
      this.#cursor = answer.cursor;
      this.#readingMs = performance.now() - began;
      this.#showRows(which !== 'first');
    } catch (error) {
      if (signal.aborted) return;
      fill(
        this.#place,
        problemNotice(problemOf(error), () => void this.#start(false)),
      );
      this.#status.textContent = '';
    } finally {
      if (!signal.aborted) this.#fetching = false;
    }
  }

  #showRows(keepPlace: boolean): void {
    if (this.#rows.length === 0 && this.#cursor === undefined) {
      fill(this.#place, this.#nothing());
      this.#status.textContent = '';
      return;
    }
    if (this.#grid.root.parentElement !== this.#place) fill(this.#place, this.#grid.root);
    // The fetch is over before the grid asks for the next one.
    this.#fetching = false;
    this.#grid.setRows(this.#rows, this.#cursor !== undefined, keepPlace);
    this.#tellCount(false);
  }

  #tellCount(stale: boolean): void {
    const { table } = this.#state;
    const count = countText(this.#rows.length, table === 'proposals' ? 'proposal' : 'rollout');
    fill(
      this.#status,
      `${count}${this.#cursor === undefined ? '' : ' so far; scroll for more'}. Enter or click opens a row as code, R or Alt+click shows its rewards.`,
      stale &&
        button({
          label: 'Show new rows',
          onPress: () => void this.#start(false),
        }),
    );
  }

  get #isFiltered(): boolean {
    return Object.keys(this.#state.filter).length > 0;
  }

  #nothing(): HTMLElement {
    return this.#isFiltered
      ? emptyNotice('Nothing matches the filter.', 'Remove a condition, or clear the filter.')
      : emptyNotice(
          this.#state.table === 'proposals' ? 'No proposals yet.' : 'No rollouts yet.',
          'They appear with the first stored step, and stay when the run ends.',
        );
  }

  #query(runId: RunId): TableQuery {
    const { table, sort, descending, filter } = this.#state;
    const common = {
      runId,
      descending,
      limit: MAXIMUM_PAGE,
      filter,
      ...(this.#cursor !== undefined && { cursor: this.#cursor }),
    };
    return table === 'proposals'
      ? { ...common, table, sort: TABLE_SORTS.proposals.find((name) => name === sort) ?? 'id' }
      : { ...common, table, sort: TABLE_SORTS.rollouts.find((name) => name === sort) ?? 'id' };
  }

  #drawBar(): void {
    const { table, filter } = this.#state;
    const pick = (
      key: 'modes' | 'roles' | 'verdicts' | 'reasons',
      label: string,
      values: readonly string[],
    ) =>
      dropdown({
        label,
        choices: choices(`Any ${label.toLowerCase()}`, values),
        selected: filter[key]?.[0] ?? ALL,
        onChoose: (value) => {
          this.#setFilter(key, value === ALL ? undefined : [value]);
        },
      });
    fill(
      this.#bar,
      dropdown({
        label: 'Table',
        choices: [
          { value: 'proposals', label: 'Proposals' },
          { value: 'rollouts', label: 'Rollouts' },
        ],
        selected: table,
        onChoose: (value) => {
          const { step, text, modes } = this.#state.filter;
          this.#change({
            table: value === 'rollouts' ? 'rollouts' : 'proposals',
            sort: 'id',
            descending: true,
            filter: withoutUndefined({ step, text, modes }),
          });
          this.#drawBar();
        },
      }),
      textField({
        label: 'Search',
        placeholder: 'Search programs and answers',
        value: filter.text ?? '',
        onInput: (text) => {
          window.clearTimeout(this.#typing);
          this.#typing = window.setTimeout(() => {
            this.#setFilter('text', text === '' ? undefined : text);
          }, TYPING_MS);
        },
      }),
      pick('modes', 'Mode', MODES),
      ...(table === 'proposals'
        ? [
            pick('verdicts', 'Outcome', ['accepted', 'rejected']),
            pick('reasons', 'Reason', REJECTION_REASONS),
          ]
        : [
            pick('roles', 'Role', ROLES),
            pick('verdicts', 'Verdict', VERDICTS),
            pick('reasons', 'Reason', VERDICT_REASONS),
          ]),
      filter.step !== undefined &&
        button({
          label: `Step ${String(filter.step)} ✕`,
          description: `Only step ${String(filter.step)}: show all steps`,
          onPress: () => {
            this.#setFilter('step', undefined);
            this.#drawBar();
          },
        }),
    );
  }

  #setFilter(key: keyof ItemFilter, value: unknown): void {
    this.#change({ filter: withoutUndefined({ ...this.#state.filter, [key]: value }) });
  }

  #open(row: TableRow): void {
    const runId = this.#run?.id;
    if (runId !== undefined)
      this.#connection.act({ kind: 'open-document', uri: rowUri(runId, row) });
  }

  #rewards(row: TableRow): void {
    const runId = this.#run?.id;
    if (runId === undefined) return;
    const rolloutId = row.kind === 'proposal' ? row.rolloutId : row.id;
    this.#connection.act({ kind: 'show-rewards', runId, rolloutId });
  }
}

function rowUri(runId: RunId, row: TableRow): string {
  if (row.kind === 'proposal') return documentUri({ runId, kind: 'proposal', id: row.id });
  const kind = row.role === 'solver' ? 'answer' : 'prompt';
  return documentUri({ runId, kind, id: row.id });
}

function choices(any: string, values: readonly string[]): Choice[] {
  return [{ value: ALL, label: any }, ...values.map((value) => ({ value, label: value }))];
}

function withoutUndefined(filter: Readonly<Record<string, unknown>>): ItemFilter {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}
