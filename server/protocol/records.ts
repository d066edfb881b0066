/**
 * What one step of a run leaves behind: the rows of run.db. A step's rows are committed together or
 * not at all. Identifiers count from 1 within a run and never change.
 */
import type { Execution, InputOutput } from './sandbox.ts';
import type {
  Mode,
  PruningSetting,
  RejectionReason,
  Role,
  RolloutPhase,
  TaskOrigin,
  Verdict,
  VerdictReason,
} from './vocabulary.ts';

/** One sampled completion, proposer's or solver's, as it was sampled and as it was rewarded. */
export interface RolloutRecord {
  readonly id: number;
  readonly step: number;
  readonly role: Role;
  readonly mode: Mode;
  readonly phase: RolloutPhase;
  /** The task that was solved, or the task that this proposal became. */
  readonly taskId?: number;
  /** Rollouts of one prompt share a group. */
  readonly group: number;
  readonly prompt: string;
  readonly completion: string;
  readonly promptTokens: readonly number[];
  readonly tokens: readonly number[];
  /** Sampler log-probability of each token. */
  readonly logProbabilities: readonly number[];
  readonly stopReason: 'stop' | 'length';
  /** Present when the run no longer holds the completion; its text, tokens and so on are then empty. */
  readonly pruned?: PrunedCompletion;
  /** Solver only. */
  readonly verdict?: Verdict;
  readonly verdictReason?: VerdictReason;
  /** Why, with the values that were compared, in a sentence. */
  readonly verdictMessage?: string;
  /** What the parser took as the answer; absent when it found none. */
  readonly answer?: string;
  readonly executions: readonly Execution[];
  readonly rewardTerms: readonly RewardTerm[];
  /** The composite reward of paper eq. 6 and the preset's further terms. */
  readonly reward?: number;
  readonly advantage?: number;
  /**
   * False when the rollout was shown but gave no gradient (probe, seed, discarded estimation). One of the
   * phase `explore` gives it by cross-entropy, without an advantage.
   */
  readonly trained: boolean;
}

/** What is left of a completion that a run deleted because its settings ask for that. */
export interface PrunedCompletion {
  readonly setting: PruningSetting;
  readonly tokenCount: number;
}

/** One addend or override of a reward, in the order it was applied. */
export interface RewardTerm {
  readonly name: 'learnability' | 'correctness' | 'format' | 'repetition';
  readonly value: number;
  /** How the value came about, in words and numbers a user can follow. */
  readonly explanation: string;
}

/** One proposal, accepted or not. */
export interface ProposalRecord {
  readonly id: number;
  readonly step: number;
  readonly mode: Mode;
  readonly rolloutId: number;
  /** Tasks shown to the proposer: the references, or the task whose program induction starts from. */
  readonly referenceTaskIds: readonly number[];
  readonly program?: string;
  readonly input?: string;
  readonly inputs?: readonly string[];
  readonly message?: string;
  readonly accepted: boolean;
  readonly reason?: RejectionReason;
  readonly reasonMessage?: string;
  readonly line?: number;
  readonly taskId?: number;
}

/** A validated task, its gold values from execution. Held-out tasks are stored in step 0. */
export interface TaskRecord {
  readonly id: number;
  readonly step: number;
  readonly origin: TaskOrigin;
  readonly mode: Mode;
  readonly program: string;
  /** Deduction and abduction: one pair. Induction: first the visible, then the hidden ones. */
  readonly examples: readonly InputOutput[];
  /** How many of `examples` the induction solver sees; 0 for the other modes. */
  readonly visible: number;
  readonly message?: string;
  readonly structure: string;
  readonly template: string;
  /** What the program is built from, each once and sorted: see constructs.ts. */
  readonly constructs: readonly string[];
  readonly syntaxNodes: number;
  readonly parentTaskIds: readonly number[];
  /** Of a held-out task whose file names one: the part of the set that is reported by itself. */
  readonly stratum?: string;
  /** Of a held-out task that was made from an item of a benchmark: the benchmark's own name of it. */
  readonly itemId?: string;
  /** Induction: present where numbers are compared by value: see `Grader.verifyInduction`. */
  readonly tolerance?: number;
  /** Mean of the estimation rollouts' correctness, in [0, 1]; absent for seeds and held-out tasks. */
  readonly solveRate?: number;
  readonly learnability?: number;
}

/** An earlier task that the solver tried again. */
export interface AttemptRecord {
  readonly step: number;
  readonly taskId: number;
  /** Mean correctness of this group of answers, in [0, 1]. */
  readonly solveRate: number;
  /** The solve rate as it is estimated from then on: a moving mean. */
  readonly estimate: number;
}

/** Further pairs of an accepted task's program, executed by the checks of a proposal; the inputs are the model's own. */
export interface HarvestRecord {
  readonly step: number;
  /** The task that the program was first accepted in. */
  readonly taskId: number;
  readonly examples: readonly InputOutput[];
}

/**
 * A document of executed truth that the policy was trained on by cross-entropy: the solver's question
 * about a program, completed with the right answer.
 */
export interface GoldDocumentRecord {
  readonly step: number;
  /** The task that the program was first accepted in. */
  readonly taskId: number;
  readonly mode: Mode;
  /** The input that was run; of induction, those that are shown. */
  readonly inputs: readonly string[];
  /** Of the completion, its end token included. */
  readonly tokenCount: number;
  /** Natural log-probability of the whole completion before it was trained on. */
  readonly logProbability: number;
}

/** Mean and standard deviation over one task-role batch: paper eq. 8. */
export interface BaselineRecord {
  readonly step: number;
  readonly role: Role;
  readonly mode: Mode;
  readonly mean: number;
  readonly standardDeviation: number;
  readonly count: number;
}

export interface MetricRecord {
  readonly step: number;
  /** Dotted name such as `solver.deduction.solveRate` or `probe.greedy.mean`. */
  readonly name: string;
  readonly value: number;
}

/** Everything one step commits. Step 0 is the seeding. */
export interface StepRecord {
  readonly step: number;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly proposals: readonly ProposalRecord[];
  readonly tasks: readonly TaskRecord[];
  readonly rollouts: readonly RolloutRecord[];
  readonly baselines: readonly BaselineRecord[];
  readonly attempts: readonly AttemptRecord[];
  readonly harvests: readonly HarvestRecord[];
  readonly goldDocuments: readonly GoldDocumentRecord[];
  readonly metrics: readonly MetricRecord[];
}

/** Where a step's numbering continues. */
export interface RunCounters {
  readonly lastStep: number;
  readonly lastTaskId: number;
  readonly lastProposalId: number;
  readonly lastRolloutId: number;
  readonly lastGroup: number;
}

/** What the loop needs of persistence. */
export interface RunStore {
  counters(): RunCounters;
  /** Every seed and accepted task in order of acceptance; the buffers are rebuilt from them. */
  tasks(): Iterable<TaskRecord>;
  /** In order of their steps. */
  attempts(): Iterable<AttemptRecord>;
  /** All of a run, in order of their steps; what the policy was taught is rebuilt from them. */
  harvests(): Iterable<HarvestRecord>;
  goldDocuments(): Iterable<GoldDocumentRecord>;
  /** The held-out tasks in the order of their file; none before step 0 is committed. */
  heldOutTasks(): Iterable<TaskRecord>;
  /** One transaction; when it is done, it is durable. It may wait for room on the disk. */
  commitStep(record: StepRecord): void | Promise<void>;
  /** Notes that the policy after `step` is kept at `path`. */
  recordCheckpoint(step: number, path: string): void | Promise<void>;
}
