/** Held-out tasks one by one, as tests: which there are, and how a measurement answered each. */
import type { RunId } from './runs.ts';
import type { Mode, Verdict } from './vocabulary.ts';

export interface HeldOutItem {
  readonly taskId: number;
  readonly mode: Mode;
  readonly stratum?: string;
  /** As a list shows it: one line. */
  readonly title: string;
}

/** In the order of their file. */
export interface HeldOutItemsQuery {
  readonly runId: RunId;
  readonly limit: number;
  /** Absent for the first page. */
  readonly cursor?: string;
}

/** A greedy answer beside what was expected. */
export interface HeldOutVerdict {
  readonly taskId: number;
  readonly rolloutId: number;
  readonly verdict: Verdict;
  /** Why, with the values that were compared, in a sentence. */
  readonly message: string;
  /**
   * What a right answer gives, and what this one gives, in the same form: the output; the call with its
   * output; or a line for each hidden example.
   */
  readonly expected: string;
  readonly actual: string;
}

/** The greedy answers of one step of a run, or of one subject of an evaluation, in the order of the tasks. */
export interface HeldOutVerdictsQuery extends HeldOutItemsQuery {
  readonly step: number;
}
