/** A connection to a run.db for reading: statements are prepared once, failures explained. */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';

import { CONTAINS_TEXT, containsText } from './lists/containsText.ts';
import { PackReader } from './packs/packReader.ts';
import { explainingForeignData } from './sqliteErrors.ts';

export type SqlRow = Readonly<Record<string, unknown>>;
export type SqlValue = SQLInputValue;

/** Filters make statements of many shapes; those beyond this many are prepared again when needed. */
const STATEMENTS_KEPT = 200;

export class ReadConnection {
  readonly path: string;
  /** Texts and numbers that are kept in packs. */
  readonly packs: PackReader;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #inSnapshot = false;

  constructor(database: DatabaseSync, path: string) {
    this.#database = database;
    database.function(CONTAINS_TEXT, { deterministic: true }, containsText);
    this.packs = new PackReader(database, path);
    this.path = path;
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  all(sql: string, ...parameters: readonly SqlValue[]): SqlRow[] {
    this.#lookAnew();
    return this.explaining(() => this.#statement(sql).all(...parameters));
  }

  /** The first row, if there is one. */
  first(sql: string, ...parameters: readonly SqlValue[]): SqlRow | undefined {
    this.#lookAnew();
    return this.explaining(() => this.#statement(sql).get(...parameters));
  }

  /** Rows one at a time, without holding them all in memory. */
  *iterate(sql: string): Generator<SqlRow, void, undefined> {
    // A statement of its own: another reader of the same query would reset a shared one.
    const rows = this.explaining(() => this.#database.prepare(sql).iterate());
    for (;;) {
      const next = this.explaining(() => rows.next());
      if (next.done === true) return;
      yield next.value;
    }
  }

  /** Runs `action` on one state of the database, whatever a runner commits meanwhile. */
  snapshot<Result>(action: () => Result): Result {
    if (this.#inSnapshot) return action();
    this.#lookAnew();
    this.explaining(() => {
      this.#database.exec('BEGIN');
    });
    this.#inSnapshot = true;
    try {
      return action();
    } finally {
      this.#inSnapshot = false;
      this.#endSnapshot();
    }
  }

  #endSnapshot(): void {
    try {
      this.#database.exec('COMMIT');
    } catch {
      // Nothing was written. Where the file is damaged, the error of the question says more.
    }
  }

  /** Throws a ProblemError for what is the file's fault or the machine's, anything else as it is. */
  explaining<Result>(action: () => Result): Result {
    return explainingForeignData(this.path, action);
  }

  /** Outside of a snapshot every statement may meet another state of the database. */
  #lookAnew(): void {
    if (!this.#inSnapshot) this.packs.forget();
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    if (this.#statements.size >= STATEMENTS_KEPT) this.#statements.clear();
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}
