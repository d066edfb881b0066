/**
 * What viewers ask of a run's database. Lists come in pages of at most {@link MAXIMUM_PAGE} rows. A page
 * of a filtered list is full or the last one, so that it may take a search through the whole run:
 * a client that no longer waits for it cancels the request.
 */
import type { RunId } from './runs.ts';
import type {
  Mode,
  RejectionReason,
  Role,
  RolloutPhase,
  SolverPhase,
  StepListName,
  Verdict,
  VerdictReason,
} from './vocabulary.ts';

export const MAXIMUM_PAGE = 200;

/** One proposal, accepted or not, as a list shows it. */
export interface ProposalItem {
  readonly kind: 'proposal';
  readonly id: number;
  readonly step: number;
  readonly mode: Mode;
  readonly rolloutId: number;
  readonly accepted: boolean;
  readonly reason?: RejectionReason;
  readonly taskId?: number;
  /**
   * First telling line of the program, or of the completion when there is no program; for induction
   * the message. One line of at most 120 characters, control characters made visible, in all lists.
   */
  readonly title: string;
  readonly solveRate?: number;
  readonly learnability?: number;
  readonly reward?: number;
  readonly advantage?: number;
  readonly syntaxNodes?: number;
}

/** One task and how the solver did on it in one step. */
export interface AttemptItem {
  readonly kind: 'attempt';
  readonly taskId: number;
  readonly group: number;
  readonly step: number;
  readonly mode: Mode;
  readonly phase: SolverPhase;
  /** Of a held-out task whose file names one. */
  readonly stratum?: string;
  readonly title: string;
  readonly correct: number;
  readonly attempts: number;
  /** The first rollout of the group, to open. */
  readonly rolloutId: number;
}

/** One answer or proposal attempt as a table row. */
export interface RolloutItem {
  readonly kind: 'rollout';
  readonly id: number;
  readonly step: number;
  readonly role: Role;
  readonly mode: Mode;
  readonly phase: RolloutPhase;
  readonly taskId?: number;
  readonly group: number;
  readonly verdict?: Verdict;
  readonly verdictReason?: VerdictReason;
  /** As one line, cut like a title. */
  readonly answer?: string;
  readonly reward?: number;
  readonly advantage?: number;
  readonly tokenCount: number;
  readonly trained: boolean;
}

/** Every condition must hold; absent ones and empty lists do not count. */
export interface ItemFilter {
  readonly step?: number;
  readonly modes?: readonly Mode[];
  readonly roles?: readonly Role[];
  /**
   * Verdicts fit answers, `accepted` and `rejected` fit proposals; a task that was attempted fits
   * when at least one answer to it does.
   */
  readonly verdicts?: readonly (Verdict | 'accepted' | 'rejected')[];
  /** In the table of rollouts these are reasons of verdicts; those of rejections fit proposals only. */
  readonly reasons?: readonly (RejectionReason | VerdictReason)[];
  /** Case-insensitive substring of program, message, input or answer, or of what could not be read. */
  readonly text?: string;
}

export interface StepsQuery {
  readonly runId: RunId;
  readonly order: 'newest' | 'oldest';
  /** Steps beyond this one in the given order: the cursor as a number; absent for the first page. */
  readonly beyondStep?: number;
  readonly limit: number;
  readonly filter?: ItemFilter;
}

export interface StepItemsQuery {
  readonly runId: RunId;
  readonly step: number;
  readonly role: StepListName;
  readonly mode: Mode;
  readonly offset: number;
  readonly limit: number;
  readonly filter?: ItemFilter;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Present when there may be more: hand it back with the next query. */
  readonly cursor?: string;
}

export const TABLE_SORTS = {
  proposals: ['id', 'solveRate', 'learnability', 'reward', 'syntaxNodes'],
  rollouts: ['id', 'reward', 'advantage', 'tokenCount'],
} as const;

export type TableQuery = {
  readonly runId: RunId;
  readonly descending: boolean;
  readonly limit: number;
  readonly cursor?: string;
  readonly filter?: ItemFilter;
} & (
  | { readonly table: 'proposals'; readonly sort: (typeof TABLE_SORTS)['proposals'][number] }
  | { readonly table: 'rollouts'; readonly sort: (typeof TABLE_SORTS)['rollouts'][number] }
);

/**
 * Columns of equal length; a value that was not measured in a step is null. Where steps are averaged,
 * a point stands at the last step of its stretch; stretches are powers of two wide and start at
 * multiples of their width, so that complete ones stay as they are.
 */
export interface MetricTable {
  readonly runId: RunId;
  readonly sequence: number;
  readonly steps: readonly number[];
  readonly series: Readonly<Record<string, readonly (number | null)[]>>;
  /** Steps after which a runner started again (resumed), to mark on the curves. */
  readonly resumedAfter: readonly number[];
  /** The step after which the run left another one, whose checkpoint it went on from. */
  readonly branchedAfter?: number;
}

export interface MetricQuery {
  readonly runId: RunId;
  /** Names of metrics; `step.durationMs` and `phase.<name>.durationMs` are metrics too. */
  readonly names: readonly string[];
  /** Only steps after this one; −1 for all. */
  readonly afterStep: number;
  /** At most about this many points: longer runs are averaged over equal stretches. */
  readonly maximumPoints: number;
}

/** Where tasks were solved: held-out ones that were asked greedily, or new ones in self-play. */
export type SkillSource = 'held-out' | 'self-play';

/** Tasks with a construct that were asked in some steps. */
export interface SkillCell {
  readonly tasks: number;
  /** Sum of their solve rates. */
  readonly solved: number;
}

export interface SkillTable {
  /** Steps that were measured, or stretches of them; the last may be shorter. */
  readonly columns: readonly { readonly firstStep: number; readonly lastStep: number }[];
  /** At most 100 constructs (see constructs.ts), those of the most tasks first; a cell per column. */
  readonly rows: readonly {
    readonly construct: string;
    readonly cells: readonly (SkillCell | null)[];
  }[];
  /** Rarer constructs that are not among the rows. */
  readonly rowsLeft: number;
}

/** How often tasks with each construct were solved, over the run. */
export interface SkillMap {
  readonly runId: RunId;
  readonly heldOut: SkillTable;
  readonly selfPlay: SkillTable;
}

/** How hard the proposed tasks were, over the run. */
export interface Curriculum {
  readonly runId: RunId;
  /** At most as many as asked for, equally long; the last may be shorter. */
  readonly stretches: readonly {
    readonly firstStep: number;
    readonly lastStep: number;
    /** Accepted tasks by solve rate: bin i of n+1 counts tasks solved i times of n. */
    readonly solveRateCounts: readonly number[];
    /** Of the tasks that have a solve rate; seeds have none. */
    readonly meanLearnability: number | null;
    readonly meanSyntaxNodes: number | null;
    /** By digests of 32 bits, which among 20,000 templates confuse 0.05 pairs on average. */
    readonly distinctTemplates: number;
  }[];
  /** n of the estimation rollouts. */
  readonly estimationRollouts: number;
}
