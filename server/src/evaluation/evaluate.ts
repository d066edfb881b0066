/** Asks the tasks of a suite of several subjects, one after the other, and keeps every answer. */
import type { EvaluationPlan, EvaluationSubject } from '../../protocol/evaluation.ts';
import type { InspectedTask } from '../../protocol/heldOut.ts';
import type { RunListener } from '../../protocol/events.ts';
import type { RunSettings } from '../../protocol/settings.ts';
import { PROTOCOL_VERSION } from '../../protocol/version.ts';
import { Ledger } from '../method/ledger.ts';
import type { LoopOutcome } from '../method/loop.ts';
import { measureTasks } from '../method/measuring/measureTasks.ts';
import { type OpenGrader, openGrader } from '../run/openGrader.ts';
import type { NamedPolicy } from '../run/namedPolicy.ts';
import type { EngineOpener } from '../run/run.ts';
import {
  finish,
  noteSession,
  type RunResult,
  type Session,
  type SessionHost,
  withPresence,
} from '../run/runSession.ts';
import { requireSameProtocol } from '../run/sameModel.ts';
import { requireSameSandbox } from '../run/sameSandbox.ts';
import { createRunFolder } from '../runFolder/createRunFolder.ts';
import type { RunFolder } from '../runFolder/runFolder.ts';
import { presetDepartures } from '../settings/settings.ts';
import { SqliteRunStore } from '../store/writer/sqliteRunStore.ts';
import { rememberingEngine, StoppedBetweenParts } from './rememberingEngine.ts';
import { prepareSubject } from './subjects.ts';
import { askingOf, PART_TASKS, suiteSettings, suiteTasks } from './suiteTasks.ts';

export interface EvaluationHost extends SessionHost {
  readonly openEngine: EngineOpener;
}

type EvaluationSession = Session<EvaluationHost>;

/** Begins an evaluation in `folder`, which holds no run. Rejects with a ProblemError. */
export async function createEvaluation(
  plan: EvaluationPlan,
  folder: string,
  host: EvaluationHost,
): Promise<RunResult> {
  return withPresence(createRunFolder(folder), host, async (session) => {
    const { run, releases, listener, steering } = session;
    const first = await prepareSubject(firstOf(plan));
    const settings = settingsOf(first, plan);
    const grader = await openedGrader(settings, session);
    listener({ kind: 'notice', message: `Reading the suite ${plan.suite}.` });
    const tasks = await suiteTasks(plan, first, grader, listener, steering.control.signal);
    const store = SqliteRunStore.create(run.database, {
      createdAt: new Date().toISOString(),
      protocolVersion: PROTOCOL_VERSION,
      settings,
      departures: presetDepartures(settings),
      dialect: first.prepared.dialect.name,
      modelDigest: firstOf(plan).modelDigest,
      evaluation: plan,
    });
    releases.add(() => {
      store.close();
    });
    return askAll(plan, { store, grader, newTasks: tasks }, session);
  });
}

/** Goes on with an evaluation that was interrupted. Rejects with a ProblemError. */
export async function resumeEvaluation(run: RunFolder, host: EvaluationHost): Promise<RunResult> {
  return withPresence(run, host, async (session) => {
    const { releases, listener, steering } = session;
    const store = SqliteRunStore.open(run.database);
    releases.add(() => {
      store.close();
    });
    const information = store.reader.information();
    const { evaluation: plan, settings } = information;
    if (plan === undefined) throw new Error(`${run.folder} holds a run, not an evaluation.`);
    requireSameProtocol(information, run);
    const grader = await openedGrader(settings, session);
    requireSameSandbox(grader.sandbox.description, store.reader.sessions()[0]?.sandbox);
    const isBegun = store.counters().lastStep >= 0;
    const newTasks = isBegun
      ? []
      : await suiteTasks(
          plan,
          await prepareSubject(firstOf(plan)),
          grader,
          listener,
          steering.control.signal,
        );
    return askAll(plan, { store, grader, newTasks }, session);
  });
}

interface Work {
  readonly store: SqliteRunStore;
  readonly grader: OpenGrader;
  /** The tasks that the first subject's step stores; none where it is stored already. */
  readonly newTasks: readonly InspectedTask[];
}

async function askAll(
  plan: EvaluationPlan,
  work: Work,
  session: EvaluationSession,
): Promise<RunResult> {
  const { run, listener, steering } = session;
  const { control } = steering;
  const lastStep = () => work.store.counters().lastStep;
  try {
    for (const subject of plan.subjects) {
      if (subject.step <= lastStep()) continue;
      if (control.stopAfterStep()) throw new StoppedBetweenParts();
      await askSubject(subject, plan, work, session);
      if (control.pauseAfterStep?.() === true) await control.resumed?.();
    }
    const outcome: LoopOutcome = { reason: 'steps', lastStep: lastStep() };
    return finish(run, work.store, outcome, listener, 'All subjects are asked.');
  } catch (error) {
    if (!control.signal.aborted && !(error instanceof StoppedBetweenParts)) throw error;
    const outcome: LoopOutcome = { reason: 'stopped', lastStep: lastStep() };
    const message = `Stopped; "azr resume ${run.folder}" goes on where it was.`;
    return finish(run, work.store, outcome, listener, message);
  }
}

async function askSubject(
  subject: EvaluationSubject,
  plan: EvaluationPlan,
  { store, grader, newTasks }: Work,
  { run, presence, openEngine, listener, steering }: EvaluationSession,
): Promise<void> {
  const { control } = steering;
  const policy = await prepareSubject(subject);
  const { prepared, checkpoint } = policy;
  const settings = settingsOf(policy, plan);
  listener({ kind: 'notice', message: `Asking ${subject.label}.` });
  const engine = await openEngine({ ...prepared, settings }, placesOf(policy, run), control.signal);
  try {
    if (checkpoint !== undefined) await engine.loadCheckpoint(checkpoint, control.signal);
    noteSession(store, engine, grader);
    steering.started();
    const ledger = new Ledger(subject.step, store.counters(), Date.now());
    const tasks = subject.step === 0 ? ledger.addHeldOutTasks(newTasks) : [...store.heldOutTasks()];
    await measureTasks(
      {
        engine: rememberingEngine(engine, store, () => control.stopAfterStep()),
        grader: grader.grader,
        settings,
        asking: askingOf(plan.suite, subject.template, prepared),
        clock: { now: () => Date.now() },
        listener,
      },
      ledger,
      tasks,
      {
        samples: plan.samples,
        temperature: plan.temperature,
        isAveraged: policy.weights === 'average',
        partSize: PART_TASKS,
      },
      control.signal,
    );
    const record = ledger.close(Date.now());
    store.commitStep(record);
    presence.committed(store.reader.sequence());
    announce(subject, record.durationMs, ledger, listener);
  } finally {
    await engine.close();
  }
}

/** The policies of another run are loaded from its folder; everything else goes into this one's. */
function placesOf({ run: source }: NamedPolicy, run: RunFolder): RunFolder {
  return source === undefined ? run : { ...run, checkpoints: source.checkpoints };
}

function announce(
  { step }: EvaluationSubject,
  durationMs: number,
  { rollouts, metrics }: Ledger,
  listener: RunListener,
): void {
  const generatedTokens = rollouts.reduce((sum, { tokens }) => sum + tokens.length, 0);
  listener({ kind: 'step', step, durationMs, generatedTokens, trainedTokens: 0, metrics });
}

async function openedGrader(
  settings: RunSettings,
  { releases }: EvaluationSession,
): Promise<OpenGrader> {
  const grader = await openGrader(settings);
  releases.add(() => grader.close());
  return grader;
}

/** The subject's own settings, where the suite does not say otherwise. */
function settingsOf({ prepared: { settings } }: NamedPolicy, plan: EvaluationPlan): RunSettings {
  return {
    ...settings,
    ...suiteSettings(plan.suite),
    ...(plan.answerTokens !== undefined && { maximumAnswerTokens: plan.answerTokens }),
  };
}

/** A plan has at least one subject. */
function firstOf({ subjects }: EvaluationPlan): EvaluationSubject {
  return subjects[0]!;
}
