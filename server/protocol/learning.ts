/**
 * What a run learned: its held-out tasks as they are answered now, beside how they were answered before
 * the first update, task by task.
 */
import type { RunId } from './runs.ts';
import type { Mode } from './vocabulary.ts';

/** Level of the intervals and tests of a report: it is looked at many times, and each look could err. */
export const REPORT_LEVEL = 0.99;

/** A rate in [0, 1], paired over the same tasks. */
export interface RateChange {
  readonly before: number;
  readonly after: number;
  /** Interval of `after − before` at {@link REPORT_LEVEL}. */
  readonly low: number;
  readonly high: number;
}

/** Greedy answers: right or wrong, so that every task is gained, lost or as it was. */
export interface GreedyChange extends RateChange {
  /** The step whose answers are the later ones. */
  readonly step: number;
  readonly gained: number;
  readonly lost: number;
  /** McNemar's exact p, two-sided. */
  readonly pValue: number;
}

export interface SampledChange {
  readonly step: number;
  /** k of pass@k: answers to each task at temperature 1. */
  readonly samples: number;
  readonly pass1: RateChange;
  readonly passK: RateChange;
}

/** One part of the held-out set: a mode, or a stratum. */
export interface PartChange {
  readonly part: { readonly mode: Mode } | { readonly stratum: string };
  readonly tasks: number;
  readonly greedy: Omit<GreedyChange, 'step'>;
  readonly passK?: RateChange;
}

/** A construct of programs that the model was shown to have learned. */
export interface LearnedConstruct {
  /** See constructs.ts. */
  readonly construct: string;
  readonly tasks: number;
  /** Greedy rates over `tasks`, in [0, 1]. */
  readonly before: number;
  readonly after: number;
  /** Adjusted for how many constructs there are. */
  readonly pValue: number;
}

/**
 * `learning`: greedy and pass@k rise. `sharpening`: greedy or pass@1 rise and pass@k does not: what the
 * model could say already, it says more often. `narrowing`: pass@k falls. `forgetting`: greedy falls.
 * `unfinished`: something rose, but what it is shows only with the next pass@k. `nothing`: no change
 * beyond chance. `too-early`: there is no second measurement yet.
 */
export type LearningFinding =
  'learning' | 'sharpening' | 'narrowing' | 'forgetting' | 'unfinished' | 'nothing' | 'too-early';

export interface LearningReport {
  /** Held-out tasks of the run; 0 for a run without. */
  readonly tasks: number;
  readonly finding: LearningFinding;
  /** Absent until the tasks were asked a second time. */
  readonly greedy?: GreedyChange;
  /** Absent until they were sampled a second time. */
  readonly sampled?: SampledChange;
  /** Modes, then strata, where there are any. */
  readonly parts: readonly PartChange[];
  /** The largest gain first. */
  readonly learned: readonly LearnedConstruct[];
}

/** Whether a task was gained or lost against the first measurement. */
export const TASK_CHANGES = ['gained', 'lost'] as const;
export type TaskChange = (typeof TASK_CHANGES)[number];

/** A held-out task whose greedy answer turned from wrong to right, or the other way. */
export interface ChangedTask {
  readonly taskId: number;
  readonly mode: Mode;
  readonly stratum?: string;
  /** As a list shows it: one line. */
  readonly title: string;
  /** The greedy answers to open. */
  readonly rolloutBefore: number;
  readonly rolloutAfter: number;
}

export interface ChangedTasksQuery {
  readonly runId: RunId;
  readonly change: TaskChange;
  /** Two steps that asked the tasks greedily; absent for the first one and the latest. */
  readonly between?: { readonly before: number; readonly after: number };
  readonly limit: number;
  /** Absent for the first page. */
  readonly cursor?: string;
}
