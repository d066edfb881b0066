/**
 * Ways to break the method on purpose, for experiments that have to show what it is worth. No run of a
 * user has one; `bench/learn` does.
 */
import type { RolloutDraft } from './ledger.ts';

export interface Experiment {
  /**
   * Called with the verified answers of a step before solve rates are taken from them; may change
   * verdicts and rewards. Random rewards are made so.
   */
  readonly alterAnswers?: (answers: readonly RolloutDraft[], step: number) => void;
  /** Trains on documents of executed truth alone: no task is tried, nothing is rewarded. */
  readonly withoutRewards?: boolean;
}
