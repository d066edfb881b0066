/** One suite that a run is asked now and then: an evaluation whose subjects are steps of the run. */
import { existsSync } from 'node:fs';
import path from 'node:path';

import type { Engine } from '../../protocol/engine.ts';
import type { EvaluationPlan, EvaluationSubject } from '../../protocol/evaluation.ts';
import type { RunListener } from '../../protocol/events.ts';
import type { InspectedTask } from '../../protocol/heldOut.ts';
import type { MetricRecord } from '../../protocol/records.ts';
import { PROTOCOL_VERSION } from '../../protocol/version.ts';
import { modelDigest } from '../machine/models/modelFolder.ts';
import { Ledger } from '../method/ledger.ts';
import { measureTasks } from '../method/measuring/measureTasks.ts';
import { openGrader } from '../run/openGrader.ts';
import type { PreparedRun } from '../run/prepareRun.ts';
import { noteSession } from '../run/runSession.ts';
import { createRunFolder } from '../runFolder/createRunFolder.ts';
import { requirePlainRunFolder } from '../runFolder/plainRunFolder.ts';
import { writeRunOutcome } from '../runFolder/runOutcome.ts';
import { type RunFolder, runFolderAt } from '../runFolder/runFolder.ts';
import { presetDepartures } from '../settings/settings.ts';
import { SqliteRunStore } from '../store/writer/sqliteRunStore.ts';
import type { Benchmark } from './benchmarkNames.ts';
import {
  askingOf,
  benchmarkTasks,
  PART_TASKS,
  suiteSettings,
  usualTemplate,
} from './suiteTasks.ts';

export interface EvaluationPlace {
  readonly prepared: PreparedRun;
  readonly run: RunFolder;
  /** Whether the run begins now, so that no evaluation of it can be there. */
  readonly isNew: boolean;
  readonly listener: RunListener;
  readonly signal: AbortSignal;
}

export class SuiteEvaluation {
  readonly suite: string;
  readonly #folder: RunFolder;
  readonly #place: EvaluationPlace;
  readonly #plan: EvaluationPlan;
  readonly #store: SqliteRunStore;
  readonly #newTasks: readonly InspectedTask[];
  #isNoted = false;

  private constructor(
    folder: RunFolder,
    place: EvaluationPlace,
    plan: EvaluationPlan,
    store: SqliteRunStore,
    newTasks: readonly InspectedTask[],
  ) {
    this.suite = plan.suite;
    this.#folder = folder;
    this.#place = place;
    this.#plan = plan;
    this.#store = store;
    this.#newTasks = newTasks;
  }

  /**
   * Goes on with the evaluation beside the run, or begins it. Rejects with a ProblemError where the data of
   * the suite are missing or wrong, or something else has its folder.
   */
  static async open(benchmark: Benchmark, place: EvaluationPlace): Promise<SuiteEvaluation> {
    const { prepared, run, isNew } = place;
    const folder = runFolderAt(`${run.folder}-eval-${benchmark.suite}`);
    if (!isNew && existsSync(folder.database)) {
      requirePlainRunFolder(folder);
      const store = SqliteRunStore.open(folder.database);
      const { evaluation } = store.reader.information();
      if (evaluation?.suite === benchmark.suite) {
        // Of one that was cut off before its first subject, the tasks were not stored.
        const isBegun = store.counters().lastStep >= 0;
        const tasks = isBegun ? [] : await tasksOf(evaluation, place);
        return new SuiteEvaluation(folder, place, evaluation, store, tasks);
      }
      store.close();
    }
    const plan = { ...benchmark, samples: 0, temperature: 1, subjects: [] };
    const tasks = await tasksOf(plan, place);
    const settings = settingsOf(place, plan);
    const store = SqliteRunStore.create(createRunFolder(folder.folder).database, {
      createdAt: new Date().toISOString(),
      protocolVersion: PROTOCOL_VERSION,
      settings,
      departures: presetDepartures(settings),
      dialect: prepared.dialect.name,
      modelDigest: await modelDigest(prepared.model.folder),
      evaluation: plan,
    });
    return new SuiteEvaluation(folder, place, plan, store, tasks);
  }

  /** Asks the policy of `step` greedily, keeps the answers, and returns the share that is right, modes alike. */
  async ask(step: number, engine: Engine, signal: AbortSignal): Promise<number> {
    const { prepared, listener } = this.#place;
    const settings = settingsOf(this.#place, this.#plan);
    const store = this.#store;
    const before = this.#takeBack(step);
    if (before !== undefined) return before;
    const subject = this.#subject(step);
    const grader = await openGrader(settings);
    try {
      if (!this.#isNoted) noteSession(store, engine, grader);
      this.#isNoted = true;
      const ledger = new Ledger(subject.step, store.counters(), Date.now());
      const tasks =
        subject.step === 0 ? ledger.addHeldOutTasks(this.#newTasks) : [...store.heldOutTasks()];
      await measureTasks(
        {
          ...{ engine, grader: grader.grader, settings },
          listener: tellingOf(step, listener),
          asking: askingOf(this.suite, subject.template, prepared),
          clock: { now: () => Date.now() },
        },
        ledger,
        tasks,
        {
          ...{ samples: 0, temperature: 1, partSize: PART_TASKS },
          isAveraged: settings.averageDecay > 0 && step > 0,
        },
        signal,
      );
      store.addSubject(subject);
      store.commitStep(ledger.close(Date.now()));
      // Between two times nobody works on it, and lists show it as it is.
      writeRunOutcome(this.#folder, { kind: 'finished' });
      return ledger.metrics.find(isGreedyMean)?.value ?? NaN;
    } finally {
      await grader.close();
    }
  }

  close(): void {
    this.#store.close();
  }

  /**
   * What was asked at this step of the run, or later, was taken back with those steps. Only the untrained
   * model is what it was: the rate that it had is returned.
   */
  #takeBack(step: number): number | undefined {
    const subjects = this.#subjects();
    if (step === 0 && subjects.length > 0) {
      this.#store.discardStepsAfter(0);
      return this.#store.reader.metricsOfStep(0).find(isGreedyMean)?.value;
    }
    const kept = subjects.filter(({ runStep = 0 }) => runStep < step);
    this.#store.discardStepsAfter(kept.length - 1);
    return undefined;
  }

  #subjects(): readonly EvaluationSubject[] {
    const subjects = this.#store.reader.information().evaluation?.subjects ?? [];
    return subjects.filter((subject) => subject.step <= this.#store.counters().lastStep);
  }

  #subject(runStep: number): EvaluationSubject {
    const { prepared, run } = this.#place;
    // Of the files as they were at the start: to read those of a large model takes seconds.
    const { modelDigest: digest } = this.#store.reader.information();
    return {
      step: this.#store.counters().lastStep + 1,
      label: `${path.basename(run.folder)}@${runStep}`,
      model: prepared.settings.model,
      modelDigest: digest,
      ...{ runFolder: run.folder, runStep },
      template: usualTemplate(this.suite, prepared),
    };
  }
}

/** Tells how far the asking is as a part of the run's own step. */
function tellingOf(step: number, listener: RunListener): RunListener {
  return (event) => {
    listener(event.kind === 'phase' ? { ...event, step } : event);
  };
}

function isGreedyMean({ name }: MetricRecord): boolean {
  return name === 'probe.greedy.mean';
}

function settingsOf(
  { prepared }: EvaluationPlace,
  { suite }: EvaluationPlan,
): PreparedRun['settings'] {
  return { ...prepared.settings, ...suiteSettings(suite) };
}

async function tasksOf(
  plan: EvaluationPlan,
  place: EvaluationPlace,
): Promise<readonly InspectedTask[]> {
  const { listener, signal } = place;
  listener({ kind: 'notice', message: `Reading the suite ${plan.suite}.` });
  const grader = await openGrader(settingsOf(place, plan));
  try {
    return await benchmarkTasks(plan, grader, listener, signal);
  } finally {
    await grader.close();
  }
}
