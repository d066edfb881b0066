/**
 * Measurements of held-out tasks side by side. A measurement is what one step of a run, or one subject of an
 * evaluation, answered: both are steps of a run.db, so that runs, checkpoints and evaluations compare alike.
 */
import type { MeasuredRate, SubjectResult } from './evaluation.ts';
import type { GreedyChange, PartChange, RateChange, TaskChange } from './learning.ts';
import type { RunId } from './runs.ts';

/** More columns than these cannot be told apart by their colours. */
export const MOST_COMPARED = 6;

export interface Measurement {
  readonly runId: RunId;
  /** The latest measurement up to this step; absent for the latest of all. */
  readonly step?: number;
}

/** The others are compared with the first. */
export interface ComparisonQuery {
  readonly measurements: readonly Measurement[];
}

export interface ComparisonColumn {
  readonly runId: RunId;
  /** The step that was measured. Absent, with everything that follows, where none was yet. */
  readonly step?: number;
  readonly result?: Pick<SubjectResult, 'greedy' | 'passAtK' | 'parts'> & {
    readonly tasks: number;
  };
}

/** A column beside the first one. */
export interface ColumnChange {
  /** Its place among the columns. */
  readonly column: number;
  /** Tasks that both were asked. */
  readonly tasks: number;
  /** Over those tasks, pair by pair. */
  readonly paired?: {
    readonly greedy: Omit<GreedyChange, 'step'>;
    readonly sampled?: {
      /** k of pass@k: answers that both gave to each task. */
      readonly samples: number;
      readonly pass1: RateChange;
      readonly passK: RateChange;
    };
    readonly parts: readonly PartChange[];
  };
  /** Over different tasks of the same modes and strata; there where no task is the same. */
  readonly unpaired?: RateChange;
}

/** What differs between the columns. */
export interface DifferenceRow {
  /** For example `Settings`, `bannedWords`, `random`. */
  readonly path: readonly string[];
  /** For each column; null where it has none, true or false for an element of a list. */
  readonly values: readonly unknown[];
}

/** How a run's held-out tasks were answered as it trained. */
export interface HeldOutCurve {
  readonly runId: RunId;
  readonly points: readonly {
    readonly step: number;
    /** Sampled by self-play since the run began, up to and with this step. */
    readonly generatedTokens: number;
    readonly greedy: MeasuredRate;
    readonly passK?: MeasuredRate;
  }[];
}

export interface ComparisonReport {
  readonly columns: readonly ComparisonColumn[];
  readonly changes: readonly ColumnChange[];
  readonly differences: readonly DifferenceRow[];
  /** Of each run among the columns; evaluations have none. */
  readonly curves: readonly HeldOutCurve[];
}

export interface ComparedTasksQuery {
  readonly before: Measurement;
  readonly after: Measurement;
  readonly change: TaskChange;
  readonly limit: number;
  /** Absent for the first page. */
  readonly cursor?: string;
}
