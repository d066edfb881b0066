/**
 * Messages between the extension and the language server beside the standard ones. All are
 * requests from client to server unless their comment says otherwise. Every request is cancellable.
 */
import type { ComparedTasksQuery, ComparisonQuery, ComparisonReport } from './comparison.ts';
import type { EvaluateRequest, EvaluationReport, SuiteOverview } from './evaluation.ts';
import type {
  HeldOutItem,
  HeldOutItemsQuery,
  HeldOutVerdict,
  HeldOutVerdictsQuery,
} from './heldOutTests.ts';
import type { StopTime } from './runnerMessages.ts';
import type { ChangedTask, ChangedTasksQuery, LearningReport } from './learning.ts';
import type {
  AttemptItem,
  Curriculum,
  MetricQuery,
  MetricTable,
  Page,
  ProposalItem,
  RolloutItem,
  SkillMap,
  StepItemsQuery,
  StepsQuery,
  TableQuery,
} from './queries.ts';
import type { RerunRequest, RerunResult } from './reruns.ts';
import type { RewardStory } from './rewardStory.ts';
import type {
  DoctorCheck,
  MachineOverview,
  ReplayRequest,
  RunConfiguration,
  RunId,
  RunOverview,
  StartRequest,
  StepOverview,
} from './runs.ts';
import type { Mode, StepListName } from './vocabulary.ts';

/** Scheme of the read-only documents that the server serves. */
export const DOCUMENT_SCHEME = 'azr';
/** Ending of scratch files: editable copies that have the same lenses. */
export const SCRATCH_SUFFIX = '.azr.py';

export function isScratchUri(uri: string): boolean {
  return uri.startsWith('file:') && uri.endsWith(SCRATCH_SUFFIX);
}

/** Handed over with `initialize`. The server refuses another protocol version with a clear error. */
export interface InitializationOptions {
  readonly protocolVersion: number;
  /** Folder of the extension's global storage: runs without a workspace, scratch files. */
  readonly storageFolder: string;
  readonly workspaceFolders: readonly string[];
  /**
   * Further places to look for runs: run folders that the user opened from elsewhere, and the folder
   * of the setting `azr.runsFolder`. Each is a run folder or has runs below it, as a workspace folder.
   */
  readonly furtherFolders?: readonly string[];
  /** From the setting `azr.pythonPath`; empty when the server is to find one. */
  readonly pythonPath: string;
}

export interface RequestMap {
  'azr/runs': { parameters: Record<string, never>; result: readonly RunOverview[] };
  'azr/configuration': { parameters: { runId: RunId }; result: RunConfiguration };
  'azr/machine': { parameters: { folder?: string }; result: MachineOverview };
  'azr/doctor': { parameters: Record<string, never>; result: readonly DoctorCheck[] };
  /** The origin of the engine that a start or a resume would need a key for that is not stored. */
  'azr/missingEngineKey': {
    parameters: StartRequest | { runId: RunId };
    result: { origin: string | null };
  };
  /** Brings a model that has a name of modelNames.ts onto this machine; quick when it is there. */
  'azr/fetchModel': { parameters: { model: string }; result: { folder: string } };
  'azr/start': { parameters: StartRequest; result: { runId: RunId } };
  /** `after-step` ends the runner cleanly, `now` drops the step under way. */
  'azr/stop': { parameters: { runId: RunId; when: StopTime }; result: null };
  /** The runner stays, its engine loaded, and waits after the step under way. */
  'azr/pause': { parameters: { runId: RunId }; result: null };
  /** Goes on: wakes a paused runner, or starts a new one on a stopped run. */
  'azr/resume': { parameters: { runId: RunId }; result: null };
  /** Shows the steps of a run again, one after another, as a run of its own. */
  'azr/replay': { parameters: ReplayRequest; result: { runId: RunId } };
  /** The suites of benchmarks, and whether their data are on this machine. */
  'azr/suites': { parameters: Record<string, never>; result: readonly SuiteOverview[] };
  /** Brings the data of a suite onto this machine; quick when they are there. */
  'azr/fetchSuite': { parameters: { suite: string }; result: null };
  /** Asks the tasks of a suite of models and policies, as an entry of its own in the list of runs. */
  'azr/evaluate': { parameters: EvaluateRequest; result: { runId: RunId } };
  'azr/steps': { parameters: StepsQuery; result: Page<StepOverview> };
  'azr/stepItems': {
    parameters: StepItemsQuery;
    result: Page<ProposalItem | AttemptItem>;
  };
  /** The answers to one task, newest step first. */
  'azr/answers': {
    parameters: { runId: RunId; taskId: number; limit: number };
    result: Page<RolloutItem>;
  };
  'azr/table': { parameters: TableQuery; result: Page<ProposalItem | RolloutItem> };
  'azr/metrics': { parameters: MetricQuery; result: MetricTable };
  'azr/metricNames': { parameters: { runId: RunId }; result: readonly string[] };
  /** What the held-out tasks say was learned since the run began. */
  'azr/learning': { parameters: { runId: RunId }; result: LearningReport };
  /** The held-out tasks gained, or lost, since the run began, in the order of their file. */
  'azr/changedTasks': { parameters: ChangedTasksQuery; result: Page<ChangedTask> };
  /** The held-out tasks of a run, one by one. */
  'azr/heldOutItems': { parameters: HeldOutItemsQuery; result: Page<HeldOutItem> };
  /** How each held-out task was answered in a step, beside what was expected. */
  'azr/heldOutVerdicts': { parameters: HeldOutVerdictsQuery; result: Page<HeldOutVerdict> };
  /** What an evaluation found so far; null for a run. */
  'azr/evaluationReport': { parameters: { runId: RunId }; result: EvaluationReport | null };
  /** Runs, checkpoints and evaluations side by side. */
  'azr/comparison': { parameters: ComparisonQuery; result: ComparisonReport };
  /** The tasks that one of two measurements solves greedily and the other does not. */
  'azr/comparedTasks': { parameters: ComparedTasksQuery; result: Page<ChangedTask> };
  'azr/curriculum': { parameters: { runId: RunId; stretches: number }; result: Curriculum };
  'azr/skillMap': { parameters: { runId: RunId }; result: SkillMap };
  'azr/rewardStory': { parameters: { runId: RunId; rolloutId: number }; result: RewardStory };
  'azr/rerun': { parameters: RerunRequest; result: RerunResult };
  /** Lists a run folder from anywhere, until the server ends; refused when it holds no run. */
  'azr/openRunFolder': { parameters: { folder: string }; result: { runId: RunId } };
  /** Where a document belongs in the tree, and whose reward it tells; refused when it is gone. */
  'azr/locate': { parameters: { uri: string }; result: DocumentLocation };
  /** Writes an editable copy of an `azr:` document into the scratch folder; its path. */
  'azr/scratch': { parameters: { uri: string }; result: { path: string } };
  /** Text of an `azr:` document as a Python file that runs by itself. */
  'azr/pythonFile': { parameters: { uri: string }; result: { name: string; text: string } };
}
export type RequestName = keyof RequestMap;

/**
 * A task or proposal belongs to the proposer's list of its step, everything that names a rollout to
 * the list of that rollout's role, or to the held-out list; a held-out task to its newest answer.
 */
export interface DocumentLocation {
  readonly runId: RunId;
  readonly step: number;
  readonly role: StepListName;
  readonly mode: Mode;
  /** Place of its item, from 0, in the unfiltered list of `azr/stepItems`. */
  readonly position: number;
  /** The proposer's rollout of a task or proposal, or the rollout that the document names. */
  readonly rolloutId: number;
}

/** Server to client, at most four times a second: all runs as they are now. */
export const RUNS_CHANGED = 'azr/runsChanged';
export interface RunsChanged {
  readonly runs: readonly RunOverview[];
}

/** Server to client: a run ended, crashed or needs somebody. */
export const RUN_ENDED = 'azr/runEnded';
export interface RunEnded {
  readonly run: RunOverview;
}

/** Server to client: how far a model is that `azr/fetchModel` brings, in bytes, or what is done with it. */
export const MODEL_PROGRESS = 'azr/modelProgress';
export type ModelProgress = { readonly model: string } & (
  { readonly done: number; readonly total: number } | { readonly note: string }
);

/** Codes of the errors that a request can be refused with; `data` is a {@link Problem}. */
export const REQUEST_REFUSED = -32_050;

/** Commands that the server's lenses name; the extension registers them. Arguments are one URI. */
export const LENS_COMMANDS = {
  rerun: 'azr.rerun',
  rerunMany: 'azr.rerunMany',
  answers: 'azr.showAnswers',
  rewards: 'azr.showRewards',
  scratch: 'azr.openScratch',
  compare: 'azr.compareWithAnswer',
  explain: 'azr.explainVerdict',
} as const;
