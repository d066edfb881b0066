/** The writer of one run's run.db. There is at most one per run; its owner holds the run's lock. */
import type { DatabaseSync } from 'node:sqlite';

import type {
  AttemptRecord,
  GoldDocumentRecord,
  HarvestRecord,
  RunCounters,
  RunStore,
  StepRecord,
  TaskRecord,
} from '../../../protocol/records.ts';
import type { EvaluationSubject } from '../../../protocol/evaluation.ts';
import { CompletionPruner, type CompletionRetention } from './completionPruner.ts';
import { createDatabase, openDatabase } from '../schema/openDatabase.ts';
import { ReadConnection } from '../readConnection.ts';
import { RunReader } from '../runReader.ts';
import type {
  BranchInformation,
  CheckpointRecord,
  RunInformation,
  SessionInformation,
} from '../rows/runInformation.ts';
import { insertSubject } from '../rows/evaluationRows.ts';
import { copyStep } from './stepCopier.ts';
import { StepWriter } from './stepWriter.ts';
import { explainSqliteError } from '../sqliteErrors.ts';
import { repairSkills } from '../schema/skillSummary.ts';
import { SUMMARY_STEP_TABLES, SummaryWriter } from './summaryWriter.ts';

/** Tables with a `step` column whose rows belong to that step. */
const STEP_TABLES = [
  'prompt_pack',
  'prompt',
  'rollout_pack',
  'rollout',
  'proposal',
  'task',
  'task_attempt',
  'harvest',
  'gold_document',
  'baseline',
  'metric',
  'checkpoint',
  'completion_size',
  'step',
  ...SUMMARY_STEP_TABLES,
] as const;

const STEPS_PRUNED_AT_ONCE = 100;

/**
 * Every method that writes does so in one transaction and throws a ProblemError (`disk-full`, `locked`
 * and others) with nothing written when it cannot. What was committed is on disk.
 */
export class SqliteRunStore implements RunStore {
  /** Reads through the same connection. */
  readonly reader: RunReader;
  readonly #database: DatabaseSync;
  readonly #path: string;
  readonly #writer: StepWriter;
  readonly #summaries: SummaryWriter;
  #pruner: CompletionPruner | undefined;

  /** Use {@link SqliteRunStore.create} or {@link SqliteRunStore.open}; `database` must hold the schema. */
  constructor(database: DatabaseSync, path: string) {
    this.#database = database;
    this.#path = path;
    this.#writer = new StepWriter(database);
    this.#summaries = new SummaryWriter(database);
    this.reader = new RunReader(new ReadConnection(database, path));
  }

  /** Makes the run.db of a new run at `path`. */
  static create(path: string, information: RunInformation): SqliteRunStore {
    return new SqliteRunStore(createDatabase(path, information), path);
  }

  /** Opens the run.db of a run to go on with it. */
  static open(path: string): SqliteRunStore {
    return new SqliteRunStore(openDatabase(path, 'write'), path);
  }

  counters(): RunCounters {
    return this.reader.counters();
  }

  tasks(): Iterable<TaskRecord> {
    return this.reader.selfPlayTasks();
  }

  heldOutTasks(): Iterable<TaskRecord> {
    return this.reader.heldOutTasks();
  }

  attempts(): Iterable<AttemptRecord> {
    return this.reader.allAttempts();
  }

  harvests(): Iterable<HarvestRecord> {
    return this.reader.allHarvests();
  }

  goldDocuments(): Iterable<GoldDocumentRecord> {
    return this.reader.allGoldDocuments();
  }

  /**
   * Makes this copy of a run.db a run of its own: its rows up to `branch.step` stay, its settings are
   * `information`'s, and `checkpoint`, which must be of that step, is its only one.
   */
  becomeBranch(
    branch: BranchInformation,
    information: RunInformation,
    checkpoint: CheckpointRecord,
  ): void {
    this.discardStepsAfter(branch.step);
    const { createdAt, settings, departures, dialect } = information;
    this.#transaction(() => {
      this.#database
        .prepare(
          'UPDATE run SET created_at = ?, seed = ?, settings = ?, departures = ?, dialect = ?',
        )
        .run(
          createdAt,
          settings.seed,
          JSON.stringify(settings),
          JSON.stringify(departures),
          dialect,
        );
      this.#database
        .prepare('INSERT OR REPLACE INTO branch (id, parent, step) VALUES (1, ?, ?)')
        .run(branch.parent, branch.step);
      this.#database.prepare('DELETE FROM checkpoint').run();
    });
    this.recordCheckpoint(checkpoint.step, checkpoint.path);
  }

  /** Notes that a runner starts to work on the run. */
  startSession(session: SessionInformation): void {
    const { startedAt, afterStep, engine, sandbox, machine } = session;
    this.#transaction(() => {
      this.#database
        .prepare(
          'INSERT INTO session (started_at, after_step, engine, sandbox, machine) VALUES (?, ?, ?, ?, ?)',
        )
        .run(
          startedAt,
          afterStep,
          JSON.stringify(engine),
          JSON.stringify(sandbox),
          JSON.stringify(machine),
        );
    });
  }

  /**
   * From now on every commit also deletes the completions that `retention` does not keep any more;
   * those that it would not have kept so far go at once. Returns of how many steps those were.
   */
  keepCompletions(retention: CompletionRetention): number {
    const pruner = new CompletionPruner(this.#database, retention);
    this.#pruner = pruner;
    let total = 0;
    let pruned: readonly number[];
    do {
      pruned = [];
      this.#transaction(() => {
        // Some at a time, so that the log of the transaction stays small.
        pruned = pruner.prune(STEPS_PRUNED_AT_ONCE);
        for (const step of pruned) this.#recordChange('step', step);
      });
      total += pruned.length;
    } while (pruned.length > 0);
    return total;
  }

  /** Commits the rows of the step after the last one. Throws when the step is not the next: a defect. */
  commitStep(record: StepRecord): void {
    const expected = this.counters().lastStep + 1;
    if (record.step !== expected) {
      throw new Error(
        `Step ${String(record.step)} cannot be committed: the next step is ${String(expected)}.`,
      );
    }
    this.#transaction(() => {
      this.#writer.write(record);
      this.#summaries.write(record.step);
      // In the same transaction, so that a run that is cut off here needs no catching up.
      this.#pruner?.prune(Infinity);
      this.#database.prepare('DELETE FROM sampled_part').run();
      this.#recordChange('step', record.step);
    });
  }

  /** Commits `step` of another run as this one's next. Throws when it is not the next: a defect. */
  copyStep(source: RunReader, step: number): void {
    const expected = this.counters().lastStep + 1;
    if (step !== expected) {
      throw new Error(`Step ${String(step)} cannot follow: the next is ${String(expected)}.`);
    }
    this.#transaction(() => {
      copyStep(source.connection, this.#database, step);
      this.#summaries.write(step);
      this.#recordChange('step', step);
    });
  }

  recordCheckpoint(step: number, path: string): void {
    this.#transaction(() => {
      this.#database
        .prepare('INSERT OR REPLACE INTO checkpoint (step, path) VALUES (?, ?)')
        .run(step, path);
      this.#recordChange('checkpoint', step);
    });
  }

  /** Keeps the tasks that a file or a generator gives the run, in the place of any kept before. */
  keepGivenTasks(tasks: readonly object[]): void {
    this.#transaction(() => {
      this.#database.prepare('DELETE FROM given_task').run();
      const insert = this.#database.prepare('INSERT INTO given_task (task) VALUES (?)');
      for (const task of tasks) insert.run(JSON.stringify(task));
    });
  }

  /** What {@link SqliteRunStore.keepSampledPart} kept under `request` since the last commit. */
  sampledPart(request: string): string | undefined {
    const row = this.#database
      .prepare('SELECT completions FROM sampled_part WHERE request = ?')
      .get(request);
    return typeof row?.['completions'] === 'string' ? row['completions'] : undefined;
  }

  /** Keeps completions of an evaluation's subject until its answers are committed. */
  keepSampledPart(request: string, completions: string): void {
    this.#transaction(() => {
      this.#database
        .prepare('INSERT OR REPLACE INTO sampled_part (request, completions) VALUES (?, ?)')
        .run(request, completions);
    });
  }

  /** Adds a subject to an evaluation, in the place after those that were asked; one that was not asked yet goes. */
  addSubject(subject: EvaluationSubject): void {
    this.#transaction(() => {
      this.#database.prepare('DELETE FROM subject WHERE step >= ?').run(subject.step);
      insertSubject(this.#database, subject);
    });
  }

  /** Forgets a checkpoint whose files are no longer kept. */
  forgetCheckpoint(checkpoint: CheckpointRecord): void {
    this.#transaction(() => {
      this.#database.prepare('DELETE FROM checkpoint WHERE step = ?').run(checkpoint.step);
      this.#recordChange('checkpoint', checkpoint.step);
    });
  }

  /** Deletes everything later than `step`; returns how many steps that were. */
  discardStepsAfter(step: number): number {
    const discarded = this.counters().lastStep - step;
    if (discarded <= 0) return 0;
    this.#transaction(() => {
      for (const table of ['reward_term', 'execution']) {
        this.#database
          .prepare(
            `DELETE FROM ${table} WHERE rollout_id IN (SELECT id FROM rollout WHERE step > ?)`,
          )
          .run(step);
      }
      for (const table of STEP_TABLES)
        this.#database.prepare(`DELETE FROM ${table} WHERE step > ?`).run(step);
      repairSkills(this.#database, step);
      this.#recordChange('discard', step);
    });
    return discarded;
  }

  close(): void {
    this.#database.close();
  }

  #recordChange(kind: 'step' | 'checkpoint' | 'discard', step: number): void {
    this.#database.prepare('INSERT INTO change (kind, step) VALUES (?, ?)').run(kind, step);
  }

  #transaction(action: () => void): void {
    try {
      this.#database.exec('BEGIN IMMEDIATE');
    } catch (error) {
      throw explainSqliteError(error, this.#path);
    }
    try {
      action();
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#rollBack();
      throw explainSqliteError(error, this.#path);
    }
  }

  #rollBack(): void {
    try {
      this.#database.exec('ROLLBACK');
    } catch {
      // A full disk or an I/O error makes SQLite roll back by itself; then there is nothing left to undo.
    }
  }
}
