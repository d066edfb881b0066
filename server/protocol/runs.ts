/** Runs as viewers see them: what there is, how each is doing, and what a window may ask of it. */
import type { Problem } from './problem.ts';
import type { EngineDescription } from './engine.ts';
import type { Phase } from './events.ts';
import type { SandboxDescription } from './sandbox.ts';
import type { Preset, RunSettings } from './settings.ts';
import type { Mode, StepListName } from './vocabulary.ts';

/**
 * Opaque, stable name of a run on this machine: the name of its folder and a digest of the folder's
 * path. Safe as a segment of a URI.
 */
export type RunId = string;

/**
 * `starting` until the first event of a live runner; `interrupted` when no process works on a run that
 * has steps left; `unreadable` when its database cannot be opened.
 */
export const RUN_STATES = [
  'starting',
  'running',
  'pausing',
  'paused',
  'stopping',
  'stopped',
  'interrupted',
  'finished',
  'failed',
  'unreadable',
] as const;
export type RunState = (typeof RUN_STATES)[number];

/** A task that the step under way made. It is in no database yet, and goes with the step if that is dropped. */
export interface LiveTask {
  /** Counts the step's tasks from 1. */
  readonly number: number;
  readonly mode: Mode;
  readonly title: string;
  /** In [0, 1], once it is measured. */
  readonly solveRate?: number;
}

/** What the runner is doing right now; for eyes only, nothing is derived from it. */
export interface LiveProgress {
  readonly step: number;
  readonly phase: Phase;
  readonly done: number;
  readonly total: number;
  /** What the phase has left, by how fast it went so far. */
  readonly phaseRemainingMs?: number;
  /** The latest tasks of the step, oldest first. */
  readonly tasks?: readonly LiveTask[];
  /** Sampled tokens per second over the recent steps. */
  readonly tokensPerSecond?: number;
  /** What the run has left, by its recent steps. */
  readonly remainingMs?: number;
}

/** One line per run: enough for a tree item, a status bar and a tooltip. */
export interface RunOverview {
  readonly id: RunId;
  readonly name: string;
  readonly folder: string;
  /** Of a replay: the name of the run that it shows. */
  readonly replayOf?: string;
  readonly state: RunState;
  /** Present when the state is `unreadable` or `failed`, or when a `paused` run waits for something. */
  readonly problem?: Problem;
  readonly createdAt?: string;
  readonly preset?: Preset;
  readonly model?: string;
  readonly seed?: number;
  /** Committed steps; −1 before the seeding is committed. */
  readonly lastStep: number;
  readonly steps: number;
  /** Seeds and accepted tasks; held-out ones do not count. */
  readonly taskCount: number;
  readonly proposalCount: number;
  /** Number of the last change that was read; it grows with every commit. */
  readonly sequence: number;
  /**
   * Number of the latest change that took steps back, as a run does that continues from a checkpoint;
   * absent when none did. What was known of any step before it may have changed.
   */
  readonly lastDiscard?: number;
  /** Mean self-play solve rate of the last step over its modes, in [0, 1]. */
  readonly solveRate?: number;
  /** First and latest greedy solve rate of the held-out tasks, in [0, 1]. */
  readonly heldOutBefore?: number;
  readonly heldOutAfter?: number;
  readonly live?: LiveProgress;
  /** Present where this is an evaluation: its steps are its subjects, by their labels. */
  readonly evaluation?: { readonly suite: string; readonly subjects: readonly string[] };
}

/** Everything that is fixed about a run, for its configuration view. */
export interface RunConfiguration {
  readonly id: RunId;
  readonly settings: RunSettings;
  readonly departures: readonly {
    readonly setting: keyof RunSettings;
    readonly preset: unknown;
    readonly value: unknown;
    /** The setting's description from the table of settings. */
    readonly description: string;
  }[];
  readonly modelDigest: string;
  /** Present when the run went on from a checkpoint of another one. */
  readonly branch?: { readonly parent: string; readonly step: number };
  readonly sessions: readonly {
    readonly startedAt: string;
    readonly afterStep: number;
    readonly engine: EngineDescription;
    readonly sandbox: SandboxDescription;
  }[];
  readonly checkpointSteps: readonly number[];
}

/** Something the quick pick of Start AZR Run offers. */
export interface StartChoice {
  /** `azr-nano`, a folder, or the path of a run file. */
  readonly kind: 'model' | 'run-file';
  readonly value: string;
  readonly label: string;
  /** What it is and whether it fits this machine, in a few words. */
  readonly detail: string;
  readonly fits: boolean;
  /** The model is not on this machine yet: `azr/fetchModel` brings it. */
  readonly mustFetch?: boolean;
}

export interface MachineOverview {
  /** For example `NVIDIA H100, 79 GiB` or `CPU, 8 cores, 16 GiB`. */
  readonly device: string;
  readonly choices: readonly StartChoice[];
  /** Present when no run can be started now: no Python with the engine's packages, no sandbox. */
  readonly problem?: Problem;
}

export interface StartRequest {
  /** Folder below which the run folder is made: a workspace folder, or global storage. */
  readonly parentFolder: string;
  readonly runFile?: string;
  /** Settings that go over the run file, `name` to value. */
  readonly settings: Readonly<Record<string, unknown>>;
}

export interface ReplayRequest {
  /** The run to play back; absent for the recorded one that ships with AZR Studio. */
  readonly runId?: RunId;
  /** How many times faster than it happened; `unlimited` does not wait. */
  readonly speed: number | 'unlimited';
}

/** One row of the doctor's report. */
export interface DoctorCheck {
  readonly name: string;
  readonly status: 'ok' | 'warning' | 'failed';
  readonly detail: string;
  readonly remedy?: string;
}

/** A mode's or all modes' part in the tree of one step. */
export interface StepGroupOverview {
  readonly role: StepListName;
  readonly mode: Mode;
  /** Proposals made, tasks attempted, or held-out tasks asked greedily. */
  readonly count: number;
  /** Accepted proposals, or tasks of which at least one answer was right. */
  readonly good: number;
  /** Mean solve rate of the tasks, in [0, 1]. */
  readonly solveRate?: number;
}

export interface StepOverview {
  readonly step: number;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly groups: readonly StepGroupOverview[];
}
