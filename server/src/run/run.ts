/**
 * Runs a run: starts what the loop needs, hands it over, and takes everything down again however
 * it ends.
 */
import type { Engine } from '../../protocol/engine.ts';
import type { HeldOutSet } from '../../protocol/heldOut.ts';
import type { RunStore } from '../../protocol/records.ts';
import type { RunSettings } from '../../protocol/settings.ts';
import { PROTOCOL_VERSION } from '../../protocol/version.ts';
import { heldOutSetOf } from '../method/measuring/inspectHeldOut.ts';
import type { LoopOutcome } from '../method/loop.ts';
import type { RunListener } from '../../protocol/events.ts';
import type { Evaluator } from '../method/evaluator.ts';
import type { Experiment } from '../method/experiment.ts';
import { type GivenTask, GivenTasks } from '../method/given/givenTasks.ts';
import { runLoop } from '../method/loop.ts';
import { writeJsonAtomically } from '../files/writeJsonAtomically.ts';
import type { RunInformation } from '../store/rows/runInformation.ts';
import { SqliteRunStore } from '../store/writer/sqliteRunStore.ts';
import { CheckpointKeeper } from './checkpointKeeper.ts';
import { createRunFolder } from '../runFolder/createRunFolder.ts';
import { DiskRoom } from './diskRoom.ts';
import { heldOutOfTasks, holdsOutPart, loadGivenTasks } from './given/givenTasks.ts';
import { trainingPart } from './given/holdOut.ts';
import { heldOutSet } from './heldOutSet.ts';
import { keptTask } from './heldOutTasks.ts';
import { modelDigest } from '../machine/models/modelFolder.ts';
import type { OpenGrader } from './openGrader.ts';
import { openGrader } from './openGrader.ts';
import { tellingProbeCost } from './probeCost.ts';
import { withRestarts } from './restartingEngine.ts';
import { ResourceWait } from './waitForResources.ts';
import type { PreparedRun } from './prepareRun.ts';
import { prepareExistingRun } from './prepareRun.ts';
import { existingRunFolder, type RunFolder } from '../runFolder/runFolder.ts';
import { isComplete, type ResumePoint, resumePoint } from './resumePoint.ts';
import {
  finish,
  noteSession,
  type RunResult,
  type Session,
  type SessionHost,
  withPresence,
} from './runSession.ts';
import { runAsking } from './runAsking.ts';
import { requireSameModel, requireSameProtocol } from './sameModel.ts';
import { requireSameSandbox } from './sameSandbox.ts';
import { presetDepartures } from '../settings/settings.ts';

/** Starts or reaches the engine that holds the policy; the runner closes it. */
export type EngineOpener = (
  prepared: PreparedRun,
  run: RunFolder,
  signal: AbortSignal,
) => Promise<Engine>;

/**
 * Makes ready to ask the suites of `evaluate` in the run whose last step is `lastStep`: −1 for a new one, which is
 * refused before it begins where the data of a suite are missing. Undefined where none is named.
 */
export type EvaluatorOpener = (
  prepared: PreparedRun,
  run: RunFolder,
  lastStep: number,
  listener: RunListener,
  signal: AbortSignal,
) => Promise<OpenEvaluator | undefined>;

export interface OpenEvaluator extends Evaluator {
  close(): Promise<void>;
}

/** What a run needs from its host. */
export interface RunHost extends SessionHost {
  readonly openEngine: EngineOpener;
  /** Opens what `evaluate` asks for; absent where nobody evaluates. */
  readonly openEvaluator?: EvaluatorOpener;
  /** Breaks the method on purpose, to find out what it is worth. */
  readonly experiment?: Experiment;
}

interface Started {
  readonly engine: Engine;
  readonly grader: OpenGrader;
  readonly heldOut: HeldOutSet;
  /** Absent where the policy proposes its own tasks. */
  readonly given: readonly GivenTask[] | undefined;
}

/** What a run works with. */
interface Ready extends Started {
  readonly evaluator: Evaluator | undefined;
}

/** What the run has stored of that, if anything. */
interface Stored {
  readonly heldOut?: HeldOutSet | undefined;
  readonly given?: readonly GivenTask[] | undefined;
}

type RunSession = Session<RunHost>;

/**
 * Starts a new run in `folder`. Rejects with an error that carries a remedy; what was committed by
 * then stays, and `resumeRun` continues it.
 */
export async function createRun(
  prepared: PreparedRun,
  folder: string,
  host: RunHost,
): Promise<RunResult> {
  return withPresence(createRunFolder(folder), host, async (session) => {
    const { run, releases } = session;
    const evaluator = await openedEvaluator(prepared, -1, session);
    const started = await start(prepared, session, {});
    const information: RunInformation = {
      createdAt: new Date().toISOString(),
      protocolVersion: PROTOCOL_VERSION,
      settings: prepared.settings,
      departures: presetDepartures(prepared.settings),
      dialect: prepared.dialect.name,
      modelDigest: await modelDigest(prepared.model.folder),
    };
    const store = SqliteRunStore.create(run.database, information);
    releases.add(() => {
      store.close();
    });
    if (started.given !== undefined) store.keepGivenTasks(started.given);
    writeJsonAtomically(run.runFile, prepared.settings, 2);
    return runPrepared(prepared, { ...started, evaluator }, store, session);
  });
}

/**
 * Continues the run in `folder` from its newest checkpoint, or from that of the step `backTo`. Rejects like
 * {@link createRun} and {@link resumePoint}.
 */
export async function resumeRun(
  folder: string,
  host: RunHost,
  backTo?: number,
): Promise<RunResult> {
  return withPresence(existingRunFolder(folder), host, async (session) => {
    const { run, releases, listener } = session;
    const store = SqliteRunStore.open(run.database);
    releases.add(() => {
      store.close();
    });
    const information = store.reader.information();
    requireSameProtocol(information, run);
    const keeper = new CheckpointKeeper(run, store, information.settings);
    if (backTo === undefined && isComplete(keeper, information.settings)) {
      const outcome: LoopOutcome = { reason: 'steps', lastStep: information.settings.steps };
      return finish(run, store, outcome, listener);
    }
    const point = resumePoint(keeper, run.folder, backTo);
    const heldOut = storedHeldOut(store, information.settings);
    const given = storedGiven(store);
    const prepared = await prepareExistingRun(information, heldOut?.tasks);
    await requireSameModel(information, prepared);
    const started = await start(prepared, session, { heldOut, given });
    if (given === undefined && started.given !== undefined) store.keepGivenTasks(started.given);
    requireSameSandbox(started.grader.sandbox.description, store.reader.sessions()[0]?.sandbox);
    await returnTo(point, store, started.engine, session);
    const evaluator = await openedEvaluator(prepared, store.counters().lastStep, session);
    return runPrepared(prepared, { ...started, evaluator }, store, session);
  });
}

/**
 * Starts the engine, and beside it the sandbox, which then looks through the held-out tasks: each takes
 * seconds. What fails first ends the other at once, and is what this rejects with.
 */
async function start(
  prepared: PreparedRun,
  { run, releases, openEngine, listener, steering }: RunSession,
  stored: Stored,
): Promise<Started> {
  listener({ kind: 'notice', message: `Starting the engine with ${prepared.settings.model}.` });
  const failed = new AbortController();
  const signal = AbortSignal.any([steering.control.signal, failed.signal]);
  const grading = openGrader(prepared.settings).then((grader) => {
    releases.add(() => grader.close());
    return grader;
  });
  const giving = grading.then(
    (grader) => stored.given ?? loadGivenTasks(prepared, grader, listener, signal),
  );
  const inspecting = Promise.all([grading, giving]).then(
    ([grader, given]) => stored.heldOut ?? heldOutOf(prepared, grader, given, signal),
  );
  // An opener that throws at once must not leave the sandbox open either.
  const opening = Promise.resolve().then(async () => {
    const engine = await openEngine(prepared, run, signal);
    releases.add(() => engine.close());
    return engine;
  });
  const all = [grading, giving, inspecting, opening] as const;
  for (const one of all) {
    one.catch((error: unknown) => {
      failed.abort(error);
    });
  }
  // All are awaited also when one fails, so that whatever did start is known and can be closed.
  await Promise.allSettled(all);
  failed.signal.throwIfAborted();
  const [grader, given, heldOut, engine] = await Promise.all(all);
  const { server, device, parameters, trainable } = engine.description;
  const size = `${(parameters / 1e6).toFixed(1)} M parameters, training ${trainable === 'full' ? 'all of them' : 'adapters'}`;
  const { engine: sandbox, pythonVersion } = grader.sandbox.description;
  listener({
    kind: 'notice',
    message: `Engine ${server} on ${device}: ${size}. Sandbox ${sandbox}, Python ${pythonVersion}.`,
  });
  return { engine, grader, given, heldOut };
}

async function openedEvaluator(
  prepared: PreparedRun,
  lastStep: number,
  { run, releases, openEvaluator, listener, steering }: RunSession,
): Promise<Evaluator | undefined> {
  const { signal } = steering.control;
  const evaluator = await openEvaluator?.(prepared, run, lastStep, listener, signal);
  if (evaluator !== undefined) releases.add(() => evaluator.close());
  return evaluator;
}

/** The held-out tasks of a run that has none stored yet. */
async function heldOutOf(
  prepared: PreparedRun,
  grader: OpenGrader,
  given: readonly GivenTask[] | undefined,
  signal: AbortSignal,
): Promise<HeldOutSet> {
  return given !== undefined && holdsOutPart(prepared, given)
    ? heldOutOfTasks(given, prepared.settings.seed)
    : heldOutSet(grader, prepared.heldOut, signal);
}

/** The tasks that the run was given when it began; undefined where it proposes its own, or was ended before. */
function storedGiven({ reader }: SqliteRunStore): readonly GivenTask[] | undefined {
  const tasks = [...reader.givenTasks()].map(keptTask);
  return tasks.length === 0 ? undefined : tasks;
}

/**
 * The held-out tasks that the run was begun with; undefined before its seeding is stored. A branch may
 * have switched the probe off; its programs stay refused as proposals.
 */
function storedHeldOut(store: SqliteRunStore, { probe }: RunSettings): HeldOutSet | undefined {
  if (store.counters().lastStep < 0) return undefined;
  const { tasks, structures } = heldOutSetOf([...store.heldOutTasks()]);
  return { tasks: probe === 'none' ? [] : tasks, structures };
}

/**
 * Gives `engine`, which is new, the policy of `point`, and then forgets the steps after it: they stay where
 * the policy cannot be loaded.
 */
async function returnTo(
  { step, path: location }: ResumePoint,
  store: SqliteRunStore,
  engine: Engine,
  { presence, listener, steering }: RunSession,
): Promise<void> {
  if (location !== undefined) await engine.loadCheckpoint(location, steering.control.signal);
  const discarded = store.discardStepsAfter(step);
  if (discarded > 0) {
    const message = `Continuing after step ${step}; ${discarded} later steps are done again.`;
    listener({ kind: 'notice', message });
    presence.committed(store.reader.sequence());
  }
}

async function runPrepared(
  prepared: PreparedRun,
  started: Ready,
  store: SqliteRunStore,
  session: RunSession,
): Promise<RunResult> {
  const { settings, dialect } = prepared;
  const { run, presence, releases, openEngine, experiment, listener, steering } = session;
  const { grader, heldOut, given, evaluator } = started;
  const { control } = steering;
  // A branch that measures none of them trains on none of them either.
  const everHeldOut = [...heldOut.tasks, ...store.heldOutTasks()];
  const pruned = store.keepCompletions(settings);
  if (pruned > 0) {
    const message = `Pruned the completions of ${pruned} steps, as "completionsKeptSteps" and "completionsKeptMb" ask for.`;
    listener({ kind: 'notice', message });
  }
  noteSession(store, started.engine, started.grader);
  const keeper = new CheckpointKeeper(run, store, settings);
  const left = keeper.sweep();
  if (left.length > 0) {
    const message = `${left.slice(0, 3).join(', ')} in ${run.checkpoints} could not be deleted, and stays.`;
    listener({ kind: 'notice', message });
  }
  const room = new DiskRoom(run);
  const resources = new ResourceWait(steering, listener);
  const loopStore: RunStore = {
    counters: () => store.counters(),
    tasks: () => store.tasks(),
    attempts: () => store.attempts(),
    harvests: () => store.harvests(),
    goldDocuments: () => store.goldDocuments(),
    heldOutTasks: () => store.heldOutTasks(),
    commitStep: async (record) => {
      await resources.retryWhileBlocked(() => {
        store.commitStep(record);
      });
      room.committed();
      presence.committed(store.reader.sequence());
    },
    recordCheckpoint: async (step, location) => {
      await resources.retryWhileBlocked(() => {
        keeper.record(step, location);
      });
      presence.committed(store.reader.sequence());
    },
  };
  presence.committed(store.reader.sequence());
  steering.started();
  // Somebody may have asked to stop while the engine was starting.
  if (control.stopAfterStep()) {
    const outcome = { reason: 'stopped', lastStep: store.counters().lastStep } as const;
    return finish(run, store, outcome, listener);
  }
  const lastStep = (): number => store.counters().lastStep;
  try {
    const outcome = await withRestarts<LoopOutcome, Engine>(started.engine, {
      work: (engine) =>
        runLoop(
          {
            ...{ engine, grader: grader.grader, store: loopStore, settings, heldOut },
            ...{ dialect, asking: runAsking(prepared) },
            ...(given && {
              given: new GivenTasks(trainingPart(given, everHeldOut), settings.seed),
            }),
            ...{ clock: { now: () => Date.now() }, listener: tellingProbeCost(settings, listener) },
            ...(evaluator && { evaluator }),
            ...(experiment === undefined ? {} : { experiment }),
          },
          { ...control, beforeStep: () => resources.until(() => room.shortage()) },
        ),
      restart: async (dead, { message }) => {
        listener({ kind: 'notice', message: `${message} It is started again.` });
        await dead.close().catch(() => undefined);
        const engine = await openEngine(prepared, run, control.signal);
        releases.add(() => engine.close());
        await returnTo(resumePoint(keeper, run.folder), store, engine, session);
        // It may have died between saving a checkpoint and saying so.
        keeper.sweep();
        noteSession(store, engine, grader);
        return engine;
      },
      ...{ lastStep, signal: control.signal },
    });
    return finish(run, store, outcome, listener);
  } catch (error) {
    if (control.signal.aborted) {
      return finish(run, store, { reason: 'stopped', lastStep: lastStep() }, listener);
    }
    const message = error instanceof Error ? error.message : String(error);
    listener({ kind: 'finished', step: lastStep(), reason: 'failed', message });
    throw error;
  }
}
