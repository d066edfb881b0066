/**
 * Reads run.db, also while a runner writes to it. Lists come in pages in order of their identifiers:
 * ask for those after the last one seen.
 */
import type { SQLInputValue } from 'node:sqlite';

import type {
  AttemptRecord,
  BaselineRecord,
  GoldDocumentRecord,
  HarvestRecord,
  MetricRecord,
  ProposalRecord,
  RolloutRecord,
  RunCounters,
  TaskRecord,
} from '../../protocol/records.ts';
import type { Mode, Role } from '../../protocol/vocabulary.ts';
import { CheckedRow } from './rows/checkedRow.ts';
import { readEvaluation } from './rows/evaluationRows.ts';
import { foreignJson } from './rows/foreignJson.ts';
import { openDatabase } from './schema/openDatabase.ts';
import { ReadConnection } from './readConnection.ts';
import { readRollout } from './lists/rolloutQuery.ts';
import type {
  BranchInformation,
  CheckpointRecord,
  RunInformation,
  SessionInformation,
} from './rows/runInformation.ts';
import { corruptError } from './sqliteErrors.ts';
import { departuresFromJson, dialectFromText, settingsFromJson } from './rows/storedSettings.ts';
import type {
  GoldDocumentRow,
  HarvestRow,
  ProposalRow,
  RolloutSummary,
  RolloutSummaryRow,
  TaskRow,
} from './rows/storedRows.ts';
import {
  ATTEMPT_COLUMNS,
  BASELINE_COLUMNS,
  GOLD_DOCUMENT_COLUMNS,
  goldDocumentFromRow,
  HARVEST_COLUMNS,
  harvestFromRow,
  PROPOSAL_COLUMNS,
  proposalFromRow,
  ROLLOUT_COLUMNS,
  rolloutSummaryFromRow,
  TASK_COLUMNS,
  taskFromRow,
  TOKEN_COUNT_COLUMN,
} from './rows/storedRows.ts';

export interface Page {
  /** Only rows with a larger identifier; 0 for the first page. */
  readonly afterId: number;
  readonly limit: number;
}

export interface TaskFilter {
  readonly step?: number;
  readonly mode?: Mode;
}

export interface ProposalFilter {
  readonly step?: number;
  readonly mode?: Mode;
  readonly accepted?: boolean;
}

export interface RolloutFilter {
  readonly step?: number;
  readonly taskId?: number;
  readonly role?: Role;
  readonly mode?: Mode;
  readonly phase?: RolloutRecord['phase'];
}

export interface StepSummary {
  readonly step: number;
  readonly startedAt: string;
  readonly durationMs: number;
}

/** Every method throws a ProblemError when the file cannot be read. */
export class RunReader {
  readonly connection: ReadConnection;

  /** Use {@link RunReader.open}, or `SqliteRunStore.reader` in the process that writes. */
  constructor(connection: ReadConnection) {
    this.connection = connection;
  }

  static open(path: string): RunReader {
    return new RunReader(new ReadConnection(openDatabase(path, 'read'), path));
  }

  close(): void {
    this.connection.close();
  }

  information(): RunInformation {
    type InformationRow = Record<
      'createdAt' | 'settings' | 'departures' | 'dialect' | 'modelDigest',
      string
    > & {
      protocolVersion: number;
    };
    const row = this.#first(
      this.#all<InformationRow>(
        `SELECT created_at AS createdAt, protocol_version AS protocolVersion, settings, departures,
                dialect, model_digest AS modelDigest FROM run`,
      ),
    );
    const evaluation = readEvaluation(this.connection);
    return this.connection.explaining(() => ({
      ...row,
      ...(evaluation !== undefined && { evaluation }),
      settings: settingsFromJson(row.settings),
      departures: departuresFromJson(row.departures),
      dialect: dialectFromText(row.dialect),
    }));
  }

  /** Where the run branched off another one; undefined when it did not. */
  branch(): BranchInformation | undefined {
    return this.#all<BranchInformation>('SELECT parent, step FROM branch')[0];
  }

  /** Every start of a runner on this run, oldest first. */
  sessions(): SessionInformation[] {
    type SessionRow = Record<'startedAt' | 'engine' | 'sandbox' | 'machine', string> & {
      afterStep: number;
    };
    const rows = this.#all<SessionRow>(
      'SELECT started_at AS startedAt, after_step AS afterStep, engine, sandbox, machine FROM session ORDER BY id LIMIT 10000',
    );
    return this.#records(rows, (row) => ({
      ...row,
      engine: foreignJson(row.engine) as SessionInformation['engine'],
      sandbox: foreignJson(row.sandbox) as SessionInformation['sandbox'],
      machine: foreignJson(row.machine) as SessionInformation['machine'],
    }));
  }

  /** Number of the latest change; it grows with every commit and never falls. */
  sequence(): number {
    const sql = 'SELECT coalesce(max(sequence), 0) AS sequence FROM change';
    return this.#first(this.#all<{ sequence: number }>(sql)).sequence;
  }

  /** Number of the latest change after `sequence` that took steps back. */
  lastDiscardAfter(sequence: number): number | undefined {
    const sql = `SELECT max(sequence) AS sequence FROM change WHERE sequence > ? AND kind = 'discard'`;
    return this.#first(this.#all<{ sequence: number | null }>(sql, sequence)).sequence ?? undefined;
  }

  /** The last identifiers in use: `lastStep` is −1 before the first commit, the others are 0. */
  counters(): RunCounters {
    return this.#first(
      this.#all<RunCounters>(
        `SELECT (SELECT coalesce(max(step), -1) FROM step) AS lastStep,
                (SELECT coalesce(max(id), 0) FROM task) AS lastTaskId,
                (SELECT coalesce(max(id), 0) FROM proposal) AS lastProposalId,
                (SELECT coalesce(max(id), 0) FROM rollout) AS lastRolloutId,
                (SELECT coalesce(max(group_id), 0) FROM prompt) AS lastGroup`,
      ),
    );
  }

  /** Steps later than `afterStep` (−1 for all), oldest first. */
  steps(afterStep: number, limit: number): StepSummary[] {
    return this.#all<StepSummary>(
      `SELECT step, started_at AS startedAt, duration_ms AS durationMs FROM step
       WHERE step > ? ORDER BY step LIMIT ?`,
      afterStep,
      limit,
    );
  }

  /** How long all steps took together. */
  totalDurationMs(): number {
    const sql = 'SELECT coalesce(sum(duration_ms), 0) AS total FROM step';
    return this.#first(this.#all<{ total: number }>(sql)).total;
  }

  /** Every seed and accepted task in order of acceptance, without holding them all in memory. */
  selfPlayTasks(): Generator<TaskRecord, void, undefined> {
    return this.#tasksWhere("origin <> 'held-out'");
  }

  /** The held-out tasks in the order of their file. */
  heldOutTasks(): Generator<TaskRecord, void, undefined> {
    return this.#tasksWhere("origin = 'held-out'");
  }

  /** The tasks that a file or a generator gave the run, in their order, as JSON that may be a stranger's. */
  *givenTasks(): Generator<unknown, void, undefined> {
    const sql = 'SELECT task FROM given_task ORDER BY position';
    for (const { task } of this.connection.iterate(sql)) {
      yield this.connection.explaining(() => foreignJson(task));
    }
  }

  /** The same, their numbers alone. */
  heldOutTaskIds(): number[] {
    const sql = "SELECT id FROM task WHERE origin = 'held-out' ORDER BY id";
    return this.#all<{ id: number }>(sql).map(({ id }) => id);
  }

  /** How many held-out tasks the run has. */
  heldOutCount(): number {
    const sql = "SELECT count(*) AS count FROM task WHERE origin = 'held-out'";
    return this.#first(this.#all<{ count: number }>(sql)).count;
  }

  *#tasksWhere(condition: string): Generator<TaskRecord, void, undefined> {
    const sql = `SELECT ${TASK_COLUMNS} FROM task WHERE ${condition} ORDER BY id`;
    for (const row of this.connection.iterate(sql)) {
      yield this.connection.explaining(() => taskFromRow({ ...row } as unknown as TaskRow));
    }
  }

  /** In order of their steps. */
  *allAttempts(): Generator<AttemptRecord, void, undefined> {
    const sql = `SELECT ${ATTEMPT_COLUMNS} FROM task_attempt ORDER BY step, task_id`;
    for (const row of this.connection.iterate(sql)) {
      yield { ...row } as unknown as AttemptRecord;
    }
  }

  /** In order of their steps. */
  *allHarvests(): Generator<HarvestRecord, void, undefined> {
    const sql = `SELECT ${HARVEST_COLUMNS} FROM harvest ORDER BY step, task_id`;
    for (const row of this.connection.iterate(sql)) {
      yield this.connection.explaining(() => harvestFromRow({ ...row } as unknown as HarvestRow));
    }
  }

  /** In the order in which they were trained on. */
  *allGoldDocuments(): Generator<GoldDocumentRecord, void, undefined> {
    const sql = `SELECT ${GOLD_DOCUMENT_COLUMNS} FROM gold_document ORDER BY step, position`;
    for (const row of this.connection.iterate(sql)) {
      yield this.connection.explaining(() =>
        goldDocumentFromRow({ ...row } as unknown as GoldDocumentRow),
      );
    }
  }

  tasks(page: Page, filter: TaskFilter = {}): TaskRecord[] {
    const conditions = { step: filter.step, mode: filter.mode };
    return this.#records(this.#page<TaskRow>('task', TASK_COLUMNS, page, conditions), taskFromRow);
  }

  task(id: number): TaskRecord | undefined {
    const rows = this.#all<TaskRow>(`SELECT ${TASK_COLUMNS} FROM task WHERE id = ?`, id);
    return this.#records(rows, taskFromRow)[0];
  }

  proposals(page: Page, filter: ProposalFilter = {}): ProposalRecord[] {
    const accepted = filter.accepted === undefined ? undefined : Number(filter.accepted);
    const conditions = { step: filter.step, mode: filter.mode, accepted };
    const rows = this.#page<ProposalRow>('proposal', PROPOSAL_COLUMNS, page, conditions);
    return this.#records(rows, proposalFromRow);
  }

  rollouts(page: Page, filter: RolloutFilter = {}): RolloutSummary[] {
    const { step, taskId, role, mode, phase } = filter;
    const conditions = { step, task_id: taskId, role, mode, phase };
    const columns = `${ROLLOUT_COLUMNS}, ${TOKEN_COUNT_COLUMN}`;
    const rows = this.#page<RolloutSummaryRow>('rollout', columns, page, conditions);
    return this.#records(rows, rolloutSummaryFromRow);
  }

  /** One rollout with everything that is known of it. */
  rollout(id: number): RolloutRecord | undefined {
    return readRollout(this.connection, id);
  }

  baselines(step: number): BaselineRecord[] {
    return this.#all<BaselineRecord>(
      `SELECT ${BASELINE_COLUMNS} FROM baseline WHERE step = ? ORDER BY role, mode`,
      step,
    );
  }

  /** All values of one metric, oldest first; a value that was not a number is NaN. */
  metricSeries(name: string): MetricRecord[] {
    return this.#metrics('WHERE name = ? ORDER BY step', name);
  }

  /** The first and the latest value of one metric; absent where there is none. */
  metricEnds(name: string): { readonly first?: number; readonly last?: number } {
    const [first] = this.#metrics(
      'WHERE name = ? AND value IS NOT NULL ORDER BY step LIMIT 1',
      name,
    );
    const [last] = this.#metrics(
      'WHERE name = ? AND value IS NOT NULL ORDER BY step DESC LIMIT 1',
      name,
    );
    return {
      ...(first !== undefined && { first: first.value }),
      ...(last !== undefined && { last: last.value }),
    };
  }

  /** All metrics of one step, by name. */
  metricsOfStep(step: number): MetricRecord[] {
    return this.#metrics('WHERE step = ? ORDER BY name', step);
  }

  /** Checkpoints that are kept, oldest first. */
  checkpoints(): CheckpointRecord[] {
    const rows = this.connection.all('SELECT step, path FROM checkpoint ORDER BY step');
    return rows.map((one) => {
      const row = new CheckedRow(one, this.connection.path);
      return { step: row.integer('step'), path: row.text('path') };
    });
  }

  #metrics(condition: string, parameter: SQLInputValue): MetricRecord[] {
    const rows = this.#all<Omit<MetricRecord, 'value'> & { value: number | null }>(
      `SELECT step, name, value FROM metric ${condition}`,
      parameter,
    );
    return rows.map((row) => ({ ...row, value: row.value ?? Number.NaN }));
  }

  /** `conditions` are column names of ours and the values they must have; undefined ones do not count. */
  #page<Row>(
    table: string,
    columns: string,
    page: Page,
    conditions: Readonly<Record<string, SQLInputValue | undefined>>,
  ): Row[] {
    const given = Object.entries(conditions).filter(
      (condition): condition is [string, SQLInputValue] => condition[1] !== undefined,
    );
    const where = ['id > ?', ...given.map(([column]) => `${column} = ?`)].join(' AND ');
    const values = given.map(([, value]) => value);
    return this.#all<Row>(
      `SELECT ${columns} FROM ${table} WHERE ${where} ORDER BY id LIMIT ?`,
      page.afterId,
      ...values,
      page.limit,
    );
  }

  /** STRICT tables guarantee the column types that `Row` states. */
  #all<Row>(sql: string, ...parameters: readonly SQLInputValue[]): Row[] {
    return this.connection.all(sql, ...parameters).map((row) => ({ ...row }) as Row);
  }

  /** Makes records of rows; what no version of ours wrote is reported as damage. */
  #records<Row, Value>(rows: readonly Row[], make: (row: Row) => Value): Value[] {
    return this.connection.explaining(() => rows.map(make));
  }

  /** The row of a query that always has one. */
  #first<Row>(rows: readonly Row[]): Row {
    const [row] = rows;
    if (row === undefined)
      throw corruptError(this.connection.path, 'a row that every run has is missing');
    return row;
  }
}
