/** What a run is, apart from its steps: fixed at creation, and what each start of a runner adds. */
import type { EngineDescription } from '../../../protocol/engine.ts';
import type { EvaluationPlan } from '../../../protocol/evaluation.ts';
import type { SandboxDescription } from '../../../protocol/sandbox.ts';
import type { RunSettings } from '../../../protocol/settings.ts';
import type { DialectName } from '../../../protocol/vocabulary.ts';

/** The machine a run ran on, so that its figures can be judged later. */
export interface MachineFacts {
  readonly platform: string;
  readonly release: string;
  readonly architecture: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryMb: number;
  readonly nodeVersion: string;
}

/** A setting that is not what its preset says. */
export interface PresetDeparture {
  readonly setting: keyof RunSettings;
  readonly preset: unknown;
  readonly value: unknown;
}

/** What never changes after a run was created. */
export interface RunInformation {
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly protocolVersion: number;
  readonly settings: RunSettings;
  readonly departures: readonly PresetDeparture[];
  /** What the setting `dialect` came to, where it left the choice to the model. */
  readonly dialect: DialectName;
  /** Identifies the weights the run started from: `sha256:` and 64 hexadecimal digits, or a URL. */
  readonly modelDigest: string;
  /** Present where this is an evaluation; the rest then says how its first subject is asked. */
  readonly evaluation?: EvaluationPlan;
}

/** Where a run began that is the continuation of another one with other settings. */
export interface BranchInformation {
  /** Folder of the run it came from, as it was then. */
  readonly parent: string;
  /** Its last step that is the parent's too. */
  readonly step: number;
}

/** One start of a runner on a run. */
export interface SessionInformation {
  readonly startedAt: string;
  /** The last step that was there when it started; −1 when there was none. */
  readonly afterStep: number;
  readonly engine: EngineDescription;
  readonly sandbox: SandboxDescription;
  readonly machine: MachineFacts;
}

/** A policy that was kept. */
export interface CheckpointRecord {
  readonly step: number;
  readonly path: string;
}
