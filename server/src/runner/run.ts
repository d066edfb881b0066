/**
 * Runs a run: starts what the loop needs, hands it over, and takes everything down again however
 * it ends.
 */
import { writeFileSync } from 'node:fs';

import type { Engine } from '../../protocol/engine.ts';
import type { RunListener } from '../../protocol/events.ts';
import type { RunStore } from '../../protocol/records.ts';
import type { SandboxDescription } from '../../protocol/sandbox.ts';
import { PROTOCOL_VERSION } from '../../protocol/version.ts';
import type { LoopControl, LoopOutcome } from '../azr/loop.ts';
import { runLoop } from '../azr/loop.ts';
import type { RunInformation } from '../store/runInformation.ts';
import { SqliteRunStore } from '../store/sqliteRunStore.ts';
import { CheckpointKeeper } from './checkpointKeeper.ts';
import { machineFacts } from './machineFacts.ts';
import { modelDigest } from './modelFolder.ts';
import type { OpenGrader } from './openGrader.ts';
import { openGrader } from './openGrader.ts';
import type { PreparedRun } from './prepareRun.ts';
import { prepareExistingRun } from './prepareRun.ts';
import { createRunFolder, existingRunFolder, type RunFolder } from './runFolder.ts';
import { RunLock } from './runLock.ts';
import { RunnerError } from './runnerError.ts';
import type { RunSummary } from './runSummary.ts';
import { summarise } from './runSummary.ts';
import { presetDepartures } from './settings.ts';

/** Starts or reaches the engine that holds the policy; the runner closes it. */
export type EngineOpener = (
  prepared: PreparedRun,
  run: RunFolder,
  signal: AbortSignal,
) => Promise<Engine>;

/** What a run needs of whoever runs it. */
export interface RunHost {
  readonly openEngine: EngineOpener;
  readonly listener: RunListener;
  readonly control: LoopControl;
}

export interface RunResult {
  readonly folder: string;
  readonly outcome: LoopOutcome;
  readonly summary: RunSummary;
}

/** Things to give back, last taken first; a failure to give one back does not keep the others. */
class Releases {
  readonly #actions: (() => void | Promise<void>)[] = [];

  add(action: () => void | Promise<void>): void {
    this.#actions.unshift(action);
  }

  async all(): Promise<void> {
    const failures: unknown[] = [];
    for (const action of this.#actions) {
      try {
        await action();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'Something could not be closed.');
  }
}

/**
 * Starts a new run in `folder`. Rejects with an error that carries a remedy; what was committed by
 * then stays, and `resumeRun` continues it.
 */
export async function createRun(
  prepared: PreparedRun,
  folder: string,
  host: RunHost,
): Promise<RunResult> {
  return withReleases(async (releases) => {
    const run = await createRunFolder(folder);
    holdLock(run, releases);
    const started = await start(prepared, run, host, releases);
    const information: RunInformation = {
      createdAt: new Date().toISOString(),
      protocolVersion: PROTOCOL_VERSION,
      settings: prepared.settings,
      departures: presetDepartures(prepared.settings),
      modelDigest: await modelDigest(prepared.model.folder),
    };
    const store = SqliteRunStore.create(run.database, information);
    releases.add(() => {
      store.close();
    });
    writeFileSync(run.runFile, `${JSON.stringify(prepared.settings, undefined, 2)}\n`, {
      mode: 0o600,
    });
    return runPrepared(prepared, run, started, store, host);
  });
}

/** Continues the run in `folder` from its newest checkpoint. Rejects like {@link createRun}. */
export async function resumeRun(folder: string, host: RunHost): Promise<RunResult> {
  return withReleases(async (releases) => {
    const run = existingRunFolder(folder);
    holdLock(run, releases);
    const store = SqliteRunStore.open(run.database);
    releases.add(() => {
      store.close();
    });
    const information = store.reader.information();
    requireSameProtocol(information, run);
    const keeper = new CheckpointKeeper(run, store, information.settings.checkpointsKept);
    const checkpoint = keeper.newest();
    const { steps } = information.settings;
    if (checkpoint?.step === steps) {
      const outcome: LoopOutcome = { reason: 'steps', lastStep: steps };
      return finish(run, store, outcome, host.listener);
    }
    const prepared = await prepareExistingRun(information.settings);
    await requireSameModel(information, prepared);
    const started = await start(prepared, run, host, releases);
    requireSameSandbox(started.grader.sandbox.description, store);
    // Without a checkpoint the untrained policy is the one of the last step that can be kept: the seeding.
    const keptStep = checkpoint?.step ?? 0;
    const discarded = store.discardStepsAfter(keptStep);
    if (discarded > 0) {
      const message = `Continuing after step ${keptStep}; ${discarded} later steps had no checkpoint and are done again.`;
      host.listener({ kind: 'notice', message });
    }
    if (checkpoint !== undefined) {
      await started.engine.loadCheckpoint(checkpoint.path, host.control.signal);
    }
    return runPrepared(prepared, run, started, store, host);
  });
}

interface Started {
  readonly engine: Engine;
  readonly grader: OpenGrader;
}

async function withReleases<Result>(
  action: (releases: Releases) => Promise<Result>,
): Promise<Result> {
  const releases = new Releases();
  let result: Result;
  try {
    result = await action(releases);
  } catch (error) {
    // What went wrong first is what matters; a dead engine, say, cannot be closed cleanly either.
    await releases.all().catch(() => undefined);
    throw error;
  }
  await releases.all();
  return result;
}

function holdLock(run: RunFolder, releases: Releases): void {
  const lock = RunLock.acquire(run);
  releases.add(() => {
    lock.release();
  });
}

/** Starts the sandbox and the engine side by side: both take their time. */
async function start(
  prepared: PreparedRun,
  run: RunFolder,
  { openEngine, listener, control }: RunHost,
  releases: Releases,
): Promise<Started> {
  listener({ kind: 'notice', message: `Starting the engine with ${prepared.settings.model}.` });
  const opening = [
    openGrader(prepared.settings).then((grader) => {
      releases.add(() => grader.close());
      return grader;
    }),
    openEngine(prepared, run, control.signal).then((engine) => {
      releases.add(() => engine.close());
      return engine;
    }),
  ] as const;
  // Both are awaited also when one fails, so that whatever did start is known and can be closed.
  await Promise.allSettled(opening);
  const [grader, engine] = await Promise.all(opening);
  const { server, device, parameters, trainable } = engine.description;
  const size = `${(parameters / 1e6).toFixed(1)} M parameters, training ${trainable === 'full' ? 'all of them' : 'adapters'}`;
  const { engine: sandbox, pythonVersion } = grader.sandbox.description;
  listener({
    kind: 'notice',
    message: `Engine ${server} on ${device}: ${size}. Sandbox ${sandbox}, Python ${pythonVersion}.`,
  });
  return { engine, grader };
}

async function runPrepared(
  prepared: PreparedRun,
  run: RunFolder,
  { engine, grader }: Started,
  store: SqliteRunStore,
  { listener, control }: RunHost,
): Promise<RunResult> {
  const { settings, dialect, heldOut } = prepared;
  store.startSession({
    startedAt: new Date().toISOString(),
    afterStep: store.counters().lastStep,
    engine: engine.description,
    sandbox: grader.sandbox.description,
    machine: machineFacts(),
  });
  const keeper = new CheckpointKeeper(run, store, settings.checkpointsKept);
  keeper.sweep();
  const loopStore: RunStore = {
    counters: () => store.counters(),
    tasks: () => store.tasks(),
    commitStep: (record) => {
      store.commitStep(record);
    },
    recordCheckpoint: (step, location) => {
      keeper.record(step, location);
    },
  };
  // Somebody may have asked to stop while the engine was starting.
  if (control.stopAfterStep()) {
    const outcome = { reason: 'stopped', lastStep: store.counters().lastStep } as const;
    return finish(run, store, outcome, listener);
  }
  try {
    const outcome = await runLoop(
      {
        engine,
        grader: grader.grader,
        store: loopStore,
        settings,
        heldOut,
        dialect,
        clock: { now: () => Date.now() },
        listener,
      },
      control,
    );
    return finish(run, store, outcome, listener);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const step = store.counters().lastStep;
    listener({ kind: 'finished', step, reason: 'failed', message });
    throw error;
  }
}

function finish(
  run: RunFolder,
  store: SqliteRunStore,
  outcome: LoopOutcome,
  listener: RunListener,
): RunResult {
  const { reason, lastStep } = outcome;
  const where = lastStep < 0 ? 'before the first step' : `after step ${lastStep}`;
  const message =
    reason === 'steps'
      ? `All ${lastStep} steps are done.`
      : `Stopped ${where}; "azr resume ${run.folder}" continues.`;
  listener({ kind: 'finished', step: lastStep, reason, message });
  return { folder: run.folder, outcome, summary: summarise(store.reader) };
}

function requireSameProtocol({ protocolVersion }: RunInformation, run: RunFolder): void {
  if (protocolVersion !== PROTOCOL_VERSION) {
    throw new RunnerError(
      'protocol-changed',
      `The run in ${run.folder} was made with protocol ${protocolVersion}, this AZR Studio speaks ${PROTOCOL_VERSION}.`,
      'Continue it with the version that made it, or start a new run.',
    );
  }
}

async function requireSameModel(
  information: RunInformation,
  { model }: PreparedRun,
): Promise<void> {
  if ((await modelDigest(model.folder)) !== information.modelDigest) {
    throw new RunnerError(
      'model-changed',
      `The model in ${model.folder} is not the one that the run started from.`,
      'Put the original files back, or start a new run.',
    );
  }
}

/** One run, one sandbox: a task's gold values hold for the Python that computed them. */
function requireSameSandbox(sandbox: SandboxDescription, store: SqliteRunStore): void {
  const before = store.reader.sessions()[0]?.sandbox;
  if (before === undefined) return;
  if (before.engine !== sandbox.engine || before.pythonVersion !== sandbox.pythonVersion) {
    throw new RunnerError(
      'sandbox-changed',
      `The run used the ${before.engine} sandbox with Python ${before.pythonVersion}; this one is ${sandbox.engine} with Python ${sandbox.pythonVersion}.`,
      'Continue with the same Python, or start a new run.',
    );
  }
}
