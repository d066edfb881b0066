/**
 * All runs that a window or a terminal should know of: finds them, watches them, attaches to those
 * that are at work, and passes on what somebody wants of them. Any number of catalogs may look at the
 * same runs; none of them owns one.
 */
import { ProblemError } from '../../protocol/problem.ts';
import path from 'node:path';

import type { EvaluateRequest } from '../../protocol/evaluation.ts';
import { newestFirst } from '../../protocol/runOrder.ts';
import type { ReplayRequest, RunId, RunOverview, StartRequest } from '../../protocol/runs.ts';
import type { RunReader } from '../store/runReader.ts';
import { demoRun } from './demoRun.ts';
import type { EngineKeys } from '../machine/engineKeys.ts';
import { keyEnvironment, originWithoutKey } from '../machine/engineKeys.ts';
import { findRunFolders, isRun } from './findRunFolders.ts';
import { FolderWatch } from './folderWatch.ts';
import type { RunFolder } from '../runFolder/runFolder.ts';
import type { StopTime } from '../../protocol/runnerMessages.ts';
import {
  evaluationArguments,
  replayArguments,
  requestedEngineUrl,
  type StartArguments,
  startArguments,
} from './startArguments.ts';
import { startDetachedRunner } from './startDetachedRunner.ts';
import { TrackedRun } from './trackedRun.ts';

const SCAN_MS = 10_000;
const LOOK_MS = 3_000;
/** Events of a file system come in swarms. */
const SETTLE_MS = 100;
/** At most four times a second. */
const NOTIFY_MS = 250;
/** How many runs are looked at before others may have the thread. */
const BATCH = 20;

export interface RunCatalogOptions {
  readonly searchFolders: readonly string[];
  /** Command prefix that runs the `azr` command line, for runs that are started from here. */
  readonly cliProgram: readonly string[];
  /** Python of the engine; empty to let the runner find one. */
  readonly pythonPath: string;
  /** For runs that are started from here. */
  readonly engineKeys: EngineKeys;
  /** Called at most four times a second. */
  readonly onChange: (runs: readonly RunOverview[]) => void;
  /** Called once when a runner that was seen at work is no more, however it ended. */
  readonly onEnded: (run: RunOverview) => void;
}

export class RunCatalog {
  readonly #options: RunCatalogOptions;
  readonly #searchFolders: Set<string>;
  readonly #runs = new Map<RunId, TrackedRun>();
  readonly #watch: FolderWatch;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #unsettled = new Set<string>();
  /** They stay in the list outside the searched folders too. */
  readonly #startedHere = new WeakSet<TrackedRun>();
  #places: readonly string[] = [];
  #settling: NodeJS.Timeout | undefined;
  #scanning: Promise<void> | undefined;
  #mustScanAgain = false;
  #notifying: NodeJS.Timeout | undefined;
  #lastNotifiedMs = 0;
  #isDisposed = false;

  constructor(options: RunCatalogOptions) {
    this.#options = options;
    this.#searchFolders = new Set(options.searchFolders.map((folder) => path.resolve(folder)));
    this.#watch = new FolderWatch((folder) => {
      this.#settle(folder);
    });
    this.#repeat(SCAN_MS, () => {
      void this.scan();
    });
    this.#repeat(LOOK_MS, () => {
      for (const run of this.#runs.values()) void run.refresh();
    });
    void this.scan();
  }

  /** All runs as they are now, the newest first. */
  overviews(): readonly RunOverview[] {
    return newestFirst([...this.#runs.values()].map(({ overview }) => overview));
  }

  /** The folder of a run that has a database. Throws ProblemError `unknown-run` or `run-starting`. */
  folder(runId: RunId): RunFolder {
    return this.#tracked(runId).folder();
  }

  /**
   * The folder and a reader of a run. Ask again for every request: the reader is closed when its
   * database goes away. Throws as {@link folder} does, and a ProblemError for what cannot be read.
   */
  run(runId: RunId): { readonly folder: RunFolder; readonly reader: RunReader } {
    const tracked = this.#tracked(runId);
    return { folder: tracked.run, reader: tracked.reader() };
  }

  /** Looks for new and removed runs; resolves when all of them have been read. */
  scan(): Promise<void> {
    this.#mustScanAgain = true;
    this.#scanning ??= this.#scanWhileAsked().finally(() => {
      this.#scanning = undefined;
    });
    return this.#scanning;
  }

  /**
   * Starts a new run and resolves when it works. Rejects with a SettingsError or with what the runner
   * said. An abort ends the runner, as long as it has not started to work.
   */
  async start(request: StartRequest, signal: AbortSignal): Promise<RunId> {
    return this.#begin(await startArguments(request), signal);
  }

  /** Plays a run back in a folder below `parentFolder`: the run named, or the recorded one. */
  replay(
    { runId, speed, parentFolder }: ReplayRequest & { readonly parentFolder: string },
    signal: AbortSignal,
  ): Promise<RunId> {
    const source = runId === undefined ? demoRun() : this.#tracked(runId).run;
    return this.#begin(replayArguments(source, speed, parentFolder), signal);
  }

  /**
   * Starts an evaluation and resolves when it works. Rejects like {@link start}, and with ProblemError
   * `unknown-run` for a subject that is not here.
   */
  evaluate(request: EvaluateRequest, signal: AbortSignal): Promise<RunId> {
    const [first] = request.subjects;
    const subjects = request.subjects.map((subject) => {
      if ('model' in subject) return subject.model;
      const { folder } = this.#tracked(subject.runId).run;
      return subject.step === undefined ? folder : `${folder}@${String(subject.step)}`;
    });
    const engineUrl =
      first !== undefined && 'runId' in first
        ? this.#tracked(first.runId).reader().information().settings.engineUrl
        : undefined;
    return this.#begin(evaluationArguments(request, subjects, engineUrl), signal);
  }

  async #begin({ run, command, engineUrl }: StartArguments, signal: AbortSignal): Promise<RunId> {
    const tracked = this.#track(run);
    this.#startedHere.add(tracked);
    try {
      await this.#launch(tracked, command, engineUrl, signal);
    } catch (error) {
      if (!isRun(run)) this.#untrack(tracked);
      throw error;
    }
    return tracked.id;
  }

  /**
   * The origin of the engine that a new run, or one that is to be resumed, would be started with, when
   * no key for it is known. Rejects like {@link start} and {@link run}.
   */
  async originWithoutKey(target: StartRequest | { readonly runId: RunId }): Promise<string | null> {
    const { engineUrl } =
      'runId' in target
        ? this.#tracked(target.runId).reader().information().settings
        : { engineUrl: await requestedEngineUrl(target) };
    return originWithoutKey(this.#options.engineKeys, engineUrl) ?? null;
  }

  /** Ends the runner of a run. Rejects with a ProblemError when there is none or it does not answer. */
  stop(runId: RunId, when: StopTime): Promise<void> {
    return this.#tracked(runId).command({ kind: 'stop', when }, ['stopping']);
  }

  /** Lets the runner wait after its step, its engine kept. */
  pause(runId: RunId): Promise<void> {
    return this.#tracked(runId).command({ kind: 'pause' }, ['pausing', 'paused', 'stopping']);
  }

  /** Wakes a paused runner, or starts a new one on a run that no process works on. */
  async resume(runId: RunId, signal: AbortSignal): Promise<void> {
    const tracked = this.#tracked(runId);
    void tracked.refresh();
    const { state, problem } = tracked.overview;
    if (tracked.isLive) {
      await tracked.command({ kind: 'resume' }, ['starting', 'running']);
      return;
    }
    if (state === 'unreadable') {
      throw new ProblemError({
        code: 'unreadable-run',
        message: problem?.message ?? `The run in ${tracked.run.folder} cannot be read.`,
        remedy: problem?.remedy ?? 'Start a new run.',
      });
    }
    if (state === 'finished') {
      throw new ProblemError({
        code: 'run-finished',
        message: `The run in ${tracked.run.folder} has done all its steps.`,
        remedy: 'Start a new run, with more "steps" if this one was too short.',
      });
    }
    const { engineUrl } = tracked.reader().information().settings;
    await this.#launch(tracked, ['resume', tracked.run.folder], engineUrl, signal);
  }

  addSearchFolder(folder: string): void {
    this.#searchFolders.add(path.resolve(folder));
    void this.scan();
  }

  removeSearchFolder(folder: string): void {
    this.#searchFolders.delete(path.resolve(folder));
    void this.scan();
  }

  /** Closes everything; the runs continue. */
  async dispose(): Promise<void> {
    this.#isDisposed = true;
    for (const timer of this.#timers) clearInterval(timer);
    clearTimeout(this.#settling);
    clearTimeout(this.#notifying);
    this.#watch.dispose();
    await this.#scanning;
    for (const run of this.#runs.values()) run.dispose();
    this.#runs.clear();
  }

  #tracked(runId: RunId): TrackedRun {
    const tracked = this.#runs.get(runId);
    if (tracked !== undefined) return tracked;
    throw new ProblemError({
      code: 'unknown-run',
      message: `There is no run "${runId}" here.`,
      remedy: 'It may have been moved or deleted; look at the list of runs again.',
    });
  }

  #launch(
    tracked: TrackedRun,
    command: readonly string[],
    engineUrl: string,
    signal: AbortSignal,
  ): Promise<void> {
    const { cliProgram, pythonPath, engineKeys } = this.#options;
    const environment = keyEnvironment(engineKeys, engineUrl);
    const { run } = tracked;
    return tracked.whileStarting(() =>
      startDetachedRunner({ cliProgram, command, run, pythonPath, environment }, signal),
    );
  }

  #track(run: RunFolder): TrackedRun {
    const tracked = new TrackedRun(run, {
      changed: () => {
        this.#notify();
      },
      ended: (overview) => {
        if (!this.#isDisposed) this.#options.onEnded(overview);
      },
    });
    const known = this.#runs.get(tracked.id);
    if (known !== undefined) return known;
    this.#runs.set(tracked.id, tracked);
    this.#notify();
    return tracked;
  }

  #untrack(tracked: TrackedRun): void {
    this.#runs.delete(tracked.id);
    tracked.dispose();
    this.#notify();
  }

  async #scanWhileAsked(): Promise<void> {
    while (this.#mustScanAgain && !this.#isDisposed) {
      this.#mustScanAgain = false;
      const found = await Promise.all([...this.#searchFolders].map(findRunFolders));
      this.#places = [...new Set(found.flatMap(({ places }) => places))];
      await this.#adopt(found.flatMap(({ runs }) => runs));
      this.#follow();
    }
  }

  /** Brings the list in line with what was found. */
  async #adopt(folders: readonly RunFolder[]): Promise<void> {
    const found = new Set<TrackedRun>();
    for (const [index, folder] of folders.entries()) {
      const count = this.#runs.size;
      const tracked = this.#track(folder);
      found.add(tracked);
      if (this.#runs.size > count) void tracked.refresh();
      if (index % BATCH === BATCH - 1) await new Promise((resolve) => setImmediate(resolve));
    }
    for (const tracked of this.#runs.values()) {
      const isOurs = tracked.isStarting || (this.#startedHere.has(tracked) && isRun(tracked.run));
      if (!found.has(tracked) && !isOurs) this.#untrack(tracked);
    }
  }

  #follow(): void {
    this.#watch.follow([...this.#places, ...this.overviews().map(({ folder }) => folder)]);
  }

  #settle(folder: string): void {
    this.#unsettled.add(folder);
    this.#settling ??= setTimeout(() => {
      this.#settling = undefined;
      const folders = new Set(this.#unsettled);
      this.#unsettled.clear();
      for (const tracked of this.#runs.values()) {
        if (folders.has(tracked.run.folder)) void tracked.refresh();
      }
      if (this.#places.some((place) => folders.has(place))) void this.scan();
    }, SETTLE_MS);
  }

  #notify(): void {
    if (this.#isDisposed) return;
    const waitMs = Math.max(0, this.#lastNotifiedMs + NOTIFY_MS - Date.now());
    this.#notifying ??= setTimeout(() => {
      this.#notifying = undefined;
      this.#lastNotifiedMs = Date.now();
      this.#options.onChange(this.overviews());
    }, waitMs);
  }

  #repeat(everyMs: number, action: () => void): void {
    this.#timers.add(setInterval(action, everyMs).unref());
  }
}
