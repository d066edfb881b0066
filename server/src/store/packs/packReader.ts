/** Texts and numbers out of packs, for statements of SQL and for whole records. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';

import { type UnpackedItems, unpackNumbers, unpackTexts } from './packFormat.ts';
import { corruptError } from '../sqliteErrors.ts';

/** What packs are kept inflated while one statement, or one snapshot, is answered. */
const CACHE_BYTES = 2 ** 23;

/** The columns of packs, by the table they are in, and how each is unpacked. */
const UNPACKING = {
  'rollout_pack.completions': unpackTexts,
  'rollout_pack.tokens': unpackNumbers,
  'rollout_pack.log_probabilities': unpackNumbers,
  'prompt_pack.prompts': unpackTexts,
  'prompt_pack.tokens': unpackNumbers,
} as const;
export type PackColumn = keyof typeof UNPACKING;

/** Text of a rollout's completion, NULL when it was pruned; an expression over `rollout`. */
export const COMPLETION_TEXT = `CASE WHEN rollout.pack IS NULL THEN rollout.completion
  ELSE azr_completion(rollout.pack, rollout.place, rollout.step) END`;
/** Text of a group's prompt; an expression over `prompt`. */
export const PROMPT_TEXT = `CASE WHEN prompt.pack IS NULL THEN prompt.prompt
  ELSE azr_prompt(prompt.pack, prompt.place) END`;

export class PackReader {
  readonly #database: DatabaseSync;
  readonly #path: string;
  readonly #statements = new Map<string, StatementSync>();
  /** Least recently used first. */
  readonly #unpacked = new Map<string, UnpackedItems>();
  #bytes = 0;

  /** Makes the functions of {@link COMPLETION_TEXT} and {@link PROMPT_TEXT} known to `database`. */
  constructor(database: DatabaseSync, path: string) {
    this.#database = database;
    this.#path = path;
    // Only statements of ours may call them, not what the schema of a foreign file holds.
    const options = { directOnly: true };
    database.function('azr_completion', options, (pack, place, step) => {
      const items = this.#items('rollout_pack.completions', Number(pack));
      if (items !== undefined) return this.#of(items, (found) => found.text(Number(place)));
      if (this.prunedBy(Number(step)) !== undefined) return null;
      throw this.#missing(pack);
    });
    database.function('azr_prompt', options, (pack, place) => {
      const items = this.#items('prompt_pack.prompts', Number(pack));
      if (items === undefined) throw this.#missing(pack);
      return this.#of(items, (found) => found.text(Number(place)));
    });
  }

  /** Forgets what was unpacked: the database may hold something else by now. */
  forget(): void {
    this.#unpacked.clear();
    this.#bytes = 0;
  }

  /** The numbers at a place of a pack; undefined when there is no such pack. Throws ProblemError `corrupt`. */
  numbers(column: PackColumn, pack: number, place: number): Uint8Array | undefined {
    const items = this.#items(column, pack);
    return items && this.#of(items, (found) => found.blob(place));
  }

  /** The setting by which the completions of `step` were pruned; undefined when they were not. */
  prunedBy(step: number): string | undefined {
    const row = this.#statement('SELECT pruned_by FROM completion_size WHERE step = ?').get(step);
    const setting = row?.['pruned_by'];
    return typeof setting === 'string' ? setting : undefined;
  }

  #items(column: PackColumn, pack: number): UnpackedItems | undefined {
    const key = `${column} ${String(pack)}`;
    const known = this.#unpacked.get(key);
    if (known !== undefined) {
      this.#unpacked.delete(key);
      this.#unpacked.set(key, known);
      return known;
    }
    const [table = '', name = ''] = column.split('.');
    const row = this.#statement(`SELECT ${name} AS data FROM ${table} WHERE id = ?`).get(pack);
    if (row === undefined) return undefined;
    const items = this.#of(row['data'] as Uint8Array, UNPACKING[column]);
    this.#keep(key, items);
    return items;
  }

  #keep(key: string, items: UnpackedItems): void {
    this.#unpacked.set(key, items);
    this.#bytes += items.bytes;
    for (const [oldest, { bytes }] of this.#unpacked) {
      if (this.#bytes <= CACHE_BYTES || oldest === key) return;
      this.#unpacked.delete(oldest);
      this.#bytes -= bytes;
    }
  }

  /** What `take` gets out of a pack; whatever it fails with is the file's fault. */
  #of<Packed, Value>(packed: Packed, take: (packed: Packed) => Value): Value {
    try {
      return take(packed);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw corruptError(this.#path, `a pack of completions or prompts (${reason})`, error);
    }
  }

  #missing(pack: unknown): Error {
    return corruptError(this.#path, `the pack ${String(pack)} is missing`);
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql) ?? this.#database.prepare(sql);
    this.#statements.set(sql, known);
    return known;
  }
}
