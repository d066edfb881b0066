/**
 * A row whose values are checked as they are taken out: a run.db may come from anywhere, and a
 * viewer must say that it is damaged rather than fail somewhere later.
 */
import type { SqlRow } from '../readConnection.ts';
import { corruptError } from '../sqliteErrors.ts';

export class CheckedRow {
  readonly #row: SqlRow;
  readonly #path: string;

  /** @param path of the database, for errors */
  constructor(row: SqlRow, path: string) {
    this.#row = row;
    this.#path = path;
  }

  number(column: string): number {
    return this.optionalNumber(column) ?? this.#fail(column);
  }

  optionalNumber(column: string): number | undefined {
    const value = this.#row[column] ?? undefined;
    return value === undefined || typeof value === 'number' ? value : this.#fail(column);
  }

  integer(column: string): number {
    return this.optionalInteger(column) ?? this.#fail(column);
  }

  optionalInteger(column: string): number | undefined {
    const value = this.optionalNumber(column);
    return value === undefined || Number.isSafeInteger(value) ? value : this.#fail(column);
  }

  text(column: string): string {
    return this.optionalText(column) ?? this.#fail(column);
  }

  optionalText(column: string): string | undefined {
    const value = this.#row[column] ?? undefined;
    return value === undefined || typeof value === 'string' ? value : this.#fail(column);
  }

  blob(column: string): Uint8Array {
    const value = this.#row[column];
    return value instanceof Uint8Array ? value : this.#fail(column);
  }

  /** A word of a closed vocabulary. */
  word<Word extends string>(column: string, words: readonly Word[]): Word {
    return this.optionalWord(column, words) ?? this.#fail(column);
  }

  optionalWord<Word extends string>(column: string, words: readonly Word[]): Word | undefined {
    const value = this.optionalText(column);
    if (value === undefined) return undefined;
    return words.find((word) => word === value) ?? this.#fail(column);
  }

  #fail(column: string): never {
    throw corruptError(this.#path, `a value of "${column}" is missing or of the wrong kind`);
  }
}
