/**
 * One rollout's reward, told stage by stage with the numbers that are stored: what the reward
 * stepper shows. Every number was read from run.db or follows from such numbers by the formula
 * that stands beside it.
 */
import type { RolloutRecord } from './records.ts';
import type { RunId } from './runs.ts';
import type { Execution, InputOutput } from './sandbox.ts';
import type { Mode, RejectionReason, Role, Verdict, VerdictReason } from './vocabulary.ts';

/** A formula with its symbols and with its numbers, for example `1 − p̄` and `1 − 0.375`. */
export interface Formula {
  /** Name of the left-hand side, such as `r_propose`. */
  readonly name: string;
  readonly symbols: string;
  readonly numbers: string;
  readonly result: number;
  /** Such as `eq. 4`; absent where the term is not from the paper. */
  readonly paper?: string;
  readonly legend: readonly { readonly symbol: string; readonly meaning: string }[];
}

/** A stretch of the completion that the parser took for something; character offsets. */
export interface ParsedPart {
  readonly start: number;
  readonly end: number;
  readonly part: 'program' | 'input' | 'output' | 'message' | 'answer';
}

/** One attempt of the group that a stage compares with. */
export interface GroupMember {
  readonly rolloutId: number;
  readonly verdict?: Verdict;
  readonly reward?: number;
  readonly advantage?: number;
  /** Whether this is the rollout whose story is told. */
  readonly current: boolean;
}

export interface StoryToken {
  readonly text: string;
  /** Sampler probability, in [0, 1]. */
  readonly probability: number;
  /**
   * Advantage × (1 − probability), for a proposer times the setting proposerLossWeight: how strongly
   * and in which direction the update pushed the token's own logit, before clipping and up to the
   * weight that all tokens of the completion share.
   * 0 when the rollout was not trained on.
   */
  readonly push: number;
}

interface StageBase {
  /** One plain sentence: what happened here, with the numbers. */
  readonly summary: string;
  readonly formula?: Formula;
}

export type RewardStage = StageBase &
  (
    | { readonly kind: 'prompt'; readonly prompt: string; readonly tokenCount: number }
    | {
        readonly kind: 'completion';
        readonly completion: string;
        readonly parts: readonly ParsedPart[];
        readonly tokenCount: number;
        readonly stopReason: 'stop' | 'length';
        /** The run deleted the text; the sentence says why. */
        readonly pruned?: true;
      }
    | {
        readonly kind: 'parse';
        readonly parsed: boolean;
        readonly fields: readonly { readonly name: string; readonly text: string }[];
      }
    /** Proposer: did the proposal become a task. */
    | {
        readonly kind: 'validation';
        readonly accepted: boolean;
        readonly reason?: RejectionReason;
        readonly message?: string;
        readonly line?: number;
        readonly executions: readonly Execution[];
      }
    /** Solver: what the answer did. */
    | {
        readonly kind: 'execution';
        readonly verdict: Verdict;
        readonly reason: VerdictReason;
        readonly expected: readonly InputOutput[];
        readonly executions: readonly Execution[];
      }
    /** The n attempts and their solve rate. */
    | {
        readonly kind: 'group';
        readonly members: readonly GroupMember[];
        readonly solveRate: number;
      }
    /** Learnability for a proposer, correctness for a solver. */
    | { readonly kind: 'role-reward'; readonly value: number }
    | { readonly kind: 'format'; readonly value: number; readonly applied: boolean }
    | {
        readonly kind: 'composite';
        readonly value: number;
        readonly terms: readonly {
          readonly name: string;
          readonly value: number;
          readonly explanation: string;
        }[];
      }
    | {
        readonly kind: 'baseline';
        readonly baseline: 'task-role' | 'group';
        readonly role: Role;
        readonly mode: Mode;
        /** What the reward is compared with: the task-role mean or the group mean. */
        readonly mean: number;
        /** Of the task-role batch, in both cases. */
        readonly standardDeviation: number;
        readonly count: number;
        readonly batchMean: number;
        /** At most 200 of the batch, this rollout among them. */
        readonly members: readonly GroupMember[];
      }
    | { readonly kind: 'advantage'; readonly value: number; readonly trained: boolean }
    | {
        readonly kind: 'tokens';
        readonly tokens: readonly StoryToken[];
        /** The run deleted them; the sentence says why. */
        readonly pruned?: true;
      }
  );

export interface RewardStory {
  readonly runId: RunId;
  readonly rolloutId: number;
  readonly step: number;
  readonly role: Role;
  readonly mode: Mode;
  readonly phase: RolloutRecord['phase'];
  readonly title: string;
  readonly stages: readonly RewardStage[];
  /** Where one can go from here; rollout ids. */
  readonly links: {
    /** The proposer's rollout that made the task. */
    readonly proposal?: number;
    readonly taskId?: number;
    /** The first attempt at the task that this proposal became. */
    readonly firstAttempt?: number;
    readonly bestSibling?: number;
    readonly worstSibling?: number;
    readonly previousSibling?: number;
    readonly nextSibling?: number;
  };
}
