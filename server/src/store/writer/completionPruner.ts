/**
 * Deletes old completions where the run's settings ask for it: their texts, tokens and
 * log-probabilities. What was read out of them stays, as do prompts, verdicts, rewards and tasks. The
 * pages that become free are used by the steps that follow, so that the file stops growing; giving
 * them back to the operating system would mean to move others about at every step.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';

import type { RunSettings } from '../../../protocol/settings.ts';

/** Both are off at 0. The newest step always keeps its completions. */
export type CompletionRetention = Pick<RunSettings, 'completionsKeptSteps' | 'completionsKeptMb'>;

const MEGABYTE = 2 ** 20;

interface Due {
  readonly step: number;
  readonly setting: keyof CompletionRetention;
}

export class CompletionPruner {
  readonly #retention: CompletionRetention;
  readonly #ends: StatementSync;
  readonly #total: StatementSync;
  readonly #pruning: readonly StatementSync[];
  readonly #note: StatementSync;

  constructor(database: DatabaseSync, retention: CompletionRetention) {
    this.#retention = retention;
    this.#ends = database.prepare(
      `SELECT (SELECT min(step) FROM completion_size WHERE pruned_by IS NULL) AS oldest,
              (SELECT max(step) FROM completion_size) AS newest`,
    );
    this.#total = database.prepare('SELECT total_bytes FROM completion_size WHERE step = ?');
    this.#pruning = [
      'DELETE FROM rollout_pack WHERE step = ?',
      // Completions too large for a pack.
      `UPDATE rollout SET completion = '', tokens = x'', log_probabilities = x'' WHERE step = ? AND pack IS NULL`,
    ].map((sql) => database.prepare(sql));
    this.#note = database.prepare('UPDATE completion_size SET pruned_by = ? WHERE step = ?');
  }

  /**
   * Prunes the steps that are due, oldest first and `mostSteps` at most, and returns them. Which are
   * due after a step follows from the steps up to it alone, so that a run that was interrupted ends
   * with the same rows. The transaction is the caller's.
   */
  prune(mostSteps: number): number[] {
    const pruned: number[] = [];
    while (pruned.length < mostSteps) {
      const due = this.#due();
      if (due === undefined) break;
      for (const statement of this.#pruning) statement.run(due.step);
      this.#note.run(due.setting, due.step);
      pruned.push(due.step);
    }
    return pruned;
  }

  #due(): Due | undefined {
    const { completionsKeptSteps, completionsKeptMb } = this.#retention;
    const { oldest, newest } = this.#ends.get() as Record<'oldest' | 'newest', number | null>;
    if (oldest === null || newest === null || oldest === newest) return undefined;
    if (completionsKeptSteps > 0 && oldest <= newest - completionsKeptSteps) {
      return { step: oldest, setting: 'completionsKeptSteps' };
    }
    const keptBytes = this.#totalUpTo(newest) - this.#totalUpTo(oldest - 1);
    return completionsKeptMb > 0 && keptBytes > completionsKeptMb * MEGABYTE
      ? { step: oldest, setting: 'completionsKeptMb' }
      : undefined;
  }

  #totalUpTo(step: number): number {
    return Number(this.#total.get(step)?.['total_bytes'] ?? 0);
  }
}
