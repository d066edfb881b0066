/**
 * An evaluation: one suite of tasks asked of several subjects. It is kept in a run.db whose steps are the
 * subjects, in their order from 0, and whose held-out tasks are the suite's, so that everything that
 * shows, reruns and compares held-out answers of a run does so for an evaluation.
 */

import type { GreedyChange, RateChange } from './learning.ts';
import type { RunId } from './runs.ts';
import type { Mode } from './vocabulary.ts';

/** A model, or the policy of a run after one of its steps, asked in one template. */
export interface EvaluationSubject {
  /** The step of the evaluation's database that holds its answers. */
  readonly step: number;
  /** What tables and lists call it: different for each subject of an evaluation. */
  readonly label: string;
  /** Name or folder of the model, the one that the run started from where it is a run's policy. */
  readonly model: string;
  /** Identifies the weights of {@link model}: see `RunInformation.modelDigest`. */
  readonly modelDigest: string;
  /** Folder of the run whose policy this is, as it was then. */
  readonly runFolder?: string;
  /** The step of that run; 0 for the untrained policy. */
  readonly runStep?: number;
  /** How the suite's tasks are put to it. */
  readonly template: string;
}

export interface EvaluationPlan {
  /** Name of the suite, as `azr eval --suite` takes it. */
  readonly suite: string;
  /** A local file with the suite's data, where one was named. */
  readonly dataFile?: string;
  /** The first so many items only. */
  readonly items?: number;
  /** These tasks of the first subject's run, where the suite is {@link TASKS_SUITE}. */
  readonly taskIds?: readonly number[];
  /** Longest answer; absent for what the suite, or else the subject's settings, say. */
  readonly answerTokens?: number;
  /** Answers to each task at {@link temperature}, beside the greedy one; 0 for none. */
  readonly samples: number;
  readonly temperature: number;
  readonly subjects: readonly EvaluationSubject[];
}

/** A rate in [0, 1] with its bootstrap interval over tasks at `REPORT_LEVEL` of learning.ts. */
export interface MeasuredRate {
  readonly rate: number;
  readonly low: number;
  readonly high: number;
}

/** How one subject answered. Rates are means over the cells of mode and stratum, each weighing alike. */
export interface SubjectResult {
  readonly subject: EvaluationSubject;
  readonly greedy: MeasuredRate;
  /** By the unbiased estimator, for k of 1, 2, 4 … and all samples; empty without samples. */
  readonly passAtK: readonly (MeasuredRate & { readonly k: number })[];
  /** Modes where there are several, then strata. */
  readonly parts: readonly {
    readonly part: { readonly mode: Mode } | { readonly stratum: string };
    readonly tasks: number;
    readonly greedy: number;
    readonly passK?: number;
  }[];
  /** The template in which this model, or policy, answered most tasks greedily. */
  readonly isBestTemplate: boolean;
}

/** Two subjects on the same tasks, each in its best template. */
export interface SubjectChange {
  readonly before: number;
  readonly after: number;
  readonly greedy: GreedyChange;
  readonly pass1?: RateChange;
  readonly passK?: RateChange;
}

export interface EvaluationReport {
  readonly plan: EvaluationPlan;
  readonly tasks: number;
  /** The subjects that were asked so far. */
  readonly results: readonly SubjectResult[];
  /** The first one beside each other one. */
  readonly changes: readonly SubjectChange[];
}

/** What a viewer asks to be evaluated. */
export interface EvaluateRequest {
  /** Folder below which the evaluation is made: a workspace folder, or global storage. */
  readonly parentFolder: string;
  readonly suite: string;
  /** The others are compared with the first. */
  readonly subjects: readonly (
    | { readonly model: string }
    /** Without a step, the newest checkpoint. */
    | { readonly runId: RunId; readonly step?: number }
  )[];
  readonly samples: number;
  /** The first so many items only. */
  readonly items?: number;
  /** These tasks of the first subject's run; the suite is then {@link TASKS_SUITE}. */
  readonly taskIds?: readonly number[];
  /** A local file with the suite's data. */
  readonly dataFile?: string;
  /** Templates that each subject is asked in; absent or none for the one that fits its model. */
  readonly templates?: readonly string[];
  /** Of the samples; absent for 1. */
  readonly temperature?: number;
  /** Longest answer, in tokens; absent for what the suite says. */
  readonly answerTokens?: number;
}

/** A suite of benchmarks, for a viewer that offers it. */
export interface SuiteOverview {
  readonly name: string;
  readonly title: string;
  readonly templates: readonly { readonly name: string; readonly title: string }[];
  /** Its data; absent where they are a file that the user names. */
  readonly data?: {
    /** A sentence's part, such as `the wheel reasoning-gym 0.1.25 of PyPI`. */
    readonly from: string;
    /** Whether they are on this machine. */
    readonly isHere: boolean;
  };
}

/** The template that asks as a model's own dialect does. */
export const DIALECT_TEMPLATE = 'dialect';

/** The held-out tasks of the first subject: those of its run, or those that came with its model. */
export const HELD_OUT_SUITE = 'heldout';

/** Suites of benchmarks, in the order in which they are offered; `file` is a file of the user's. */
export const BENCHMARK_SUITES = [
  'cruxeval',
  'humaneval',
  'mbpp',
  'gsm8k',
  'reasoning-gym',
  'codeio',
  'file',
] as const;

/** Tasks of the first subject's run that were named one by one. */
export const TASKS_SUITE = 'tasks';
