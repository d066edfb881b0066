/** Running a stored or edited program or answer again, outside any run, and comparing. */
import type { Execution, InputOutput } from './sandbox.ts';
import type { Verdict, VerdictReason } from './vocabulary.ts';

export interface RerunRequest {
  /**
   * The document that is run, and that shows the result: a stored one of documents.ts, or a scratch file,
   * which says in its header which document it is a copy of.
   */
  readonly uri: string;
  /** Of a scratch file: the text as it is in the editor. */
  readonly text?: string;
  /** How many times each input is run, 1 to 100; the runs alternate between two hash seeds. */
  readonly times: number;
}

/** All runs of one input. */
export interface RerunCase {
  /** Argument list of literals. */
  readonly input: string;
  readonly executions: readonly Execution[];
  /** Stored value, when there is one; a canonical literal. */
  readonly expected?: string;
  /** Whether the fresh value equals the stored one; absent without a stored one. */
  readonly matches?: boolean;
  /** Whether all runs gave equal values. */
  readonly deterministic: boolean;
}

export interface RerunResult {
  /** Title of the document that was run. */
  readonly title: string;
  readonly cases: readonly RerunCase[];
  /** For an answer: how it was judged then and how it is judged now. */
  readonly storedVerdict?: Verdict;
  readonly verdict?: Verdict;
  readonly verdictReason?: VerdictReason;
  /** One line that sums it up, such as `3 runs, all 42, as stored · 1.2 ms`. */
  readonly summary: string;
  /** What the jail refused or why nothing ran, in words; absent when all went well. */
  readonly problem?: string;
  /**
   * Which sandbox ran it, such as `native, Python 3.11.7`; then the limits that are others than the run's,
   * such as `; memoryMb 512 (the run: 65536)`.
   */
  readonly sandbox: string;
  /** Pairs as comparisons show them: what the hidden examples of induction ask for. */
  readonly hidden?: readonly InputOutput[];
}
