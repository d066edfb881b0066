/**
 * Ways to break the method on purpose, for experiments that have to show what it is worth. No run of a
 * user has one; `bench/learn` does.
 */
import type { Proposal } from '../../protocol/sandbox.ts';
import type { Mode } from '../../protocol/vocabulary.ts';
import type { RolloutDraft } from './ledger.ts';

export interface Experiment {
  /**
   * Called with the verified answers of a step before solve rates are taken from them; may change
   * verdicts and rewards. Random rewards are made so.
   */
  readonly alterAnswers?: (answers: readonly RolloutDraft[], step: number) => void;
  /** Stands in the place of the proposer, seeding included. */
  readonly taskSource?: TaskSource;
  /** Trains on documents of executed truth alone: no task is tried, nothing is rewarded. */
  readonly withoutRewards?: boolean;
}

export interface TaskSource {
  /**
   * The proposals of a mode that a round of a step asks for: up to `count`, the same each time it is
   * asked for the same.
   */
  next(request: {
    readonly step: number;
    readonly round: number;
    readonly mode: Mode;
    readonly count: number;
  }): readonly Proposal[];
}
