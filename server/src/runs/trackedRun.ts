/** One run of a catalog: its database, its runner if it has one, and the overview made of both. */
import { isFailure, ProblemError } from '../../protocol/problem.ts';
import { setTimeout as delay } from 'node:timers/promises';

import type { FromRunner, RunnerAddress, ToRunner } from '../../protocol/runnerMessages.ts';
import type { LiveProgress, RunId, RunOverview, RunState } from '../../protocol/runs.ts';
import type { RunReader } from '../store/runReader.ts';
import { LiveTasks } from './liveTasks.ts';
import { replayedName } from '../runFolder/replayNote.ts';
import { PhasePace } from './phasePace.ts';
import { RunDatabase } from './runDatabase.ts';
import type { RunFolder } from '../runFolder/runFolder.ts';
import { runIdOf } from '../runFolder/runId.ts';
import { readRunnerAddress, stalenessOf } from '../runFolder/runnerAddress.ts';
import { RunnerClient } from './runnerClient.ts';
import { readRunOutcome, type RunOutcome } from '../runFolder/runOutcome.ts';
import { overviewOf } from './runOverview.ts';

const ANSWER_MS = 5_000;
const STARTED_MS = 1_000;
/** First pause before knocking again at a runner that seems to live; it doubles up to the second. */
const RETRY_MS = 100;
const SLOWEST_RETRY_MS = 3_000;

export interface TrackedRunListener {
  /** The overview may be another one now. */
  changed(): void;
  /** A runner that was seen at work is no more. */
  ended(overview: RunOverview): void;
}

export class TrackedRun {
  readonly id: RunId;
  readonly run: RunFolder;
  readonly #listener: TrackedRunListener;
  readonly #database: RunDatabase;
  readonly #disposed = new AbortController();
  #client: RunnerClient | undefined;
  #attaching: Promise<void> | undefined;
  #connecting: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #retryMs = RETRY_MS;
  /** What the runner last said of itself. */
  #lastState: RunState = 'starting';
  #progress: LiveProgress | undefined;
  readonly #pace = new PhasePace();
  #tasks = new LiveTasks();
  /** A runner was seen at work, and its end was not told yet. */
  #wasLive = false;
  /** Somebody here is starting a runner. */
  #isStarting = false;
  /** A runner is there, or seems to be, though we are not connected. */
  #seemsLive = false;
  #outcome: RunOutcome | undefined;
  /** Read with what the database says anew, since an overview is asked for all the time. */
  #replayOf: string | undefined;
  /** An address is left though its runner is gone: it was killed. */
  #isOrphaned = false;
  /** The runner told of a commit that was not looked at. */
  #hasNews = false;

  constructor(run: RunFolder, listener: TrackedRunListener) {
    this.run = run;
    this.id = runIdOf(run.folder);
    this.#listener = listener;
    this.#database = new RunDatabase(run);
  }

  get state(): RunState {
    return this.overview.state;
  }

  get isLive(): boolean {
    return this.#client !== undefined || this.#isStarting || this.#seemsLive;
  }

  /** Nothing is left of it but our own starting. */
  get isStarting(): boolean {
    return this.#isStarting;
  }

  /** Reads what was told of since the last time: as often as somebody asks, not for every step. */
  get overview(): RunOverview {
    if (this.#hasNews) this.#look(true);
    return overviewOf({
      id: this.id,
      run: this.run,
      look: this.#database.look,
      replayOf: this.#replayOf,
      liveState: this.#liveState(),
      held: this.#client?.problem,
      progress: this.#liveProgress(),
      outcome: this.#outcome,
      isOrphaned: this.#isOrphaned,
    });
  }

  /** Looks at the folder again. Cheap when nothing changed; never throws. */
  refresh(mustLook = false): void {
    if (this.#disposed.signal.aborted) return;
    const isNew = this.#look(mustLook);
    const before = [this.#outcome?.kind, this.#isOrphaned, this.#seemsLive].join();
    this.#lookForRunner();
    const isOther = [this.#outcome?.kind, this.#isOrphaned, this.#seemsLive].join() !== before;
    if (isNew || isOther) this.#listener.changed();
    this.#tellEnd();
  }

  /** Where the run's database is. Throws ProblemError `run-starting` before there is one. */
  folder(): RunFolder {
    if (this.#hasNews && this.#database.look.kind === 'none') this.#look(true);
    if (this.#database.look.kind === 'none') {
      throw new ProblemError({
        code: 'run-starting',
        message: `The run in ${this.run.folder} has written nothing yet.`,
        remedy: 'Wait until its engine has started.',
      });
    }
    return this.run;
  }

  /** A reader of the run's database, open until the run is gone. Throws an error with a remedy. */
  reader(): RunReader {
    this.folder();
    return this.#database.reader();
  }

  /** Shows the run as starting while `action`, which starts a runner, is under way. */
  async whileStarting(action: () => Promise<void>): Promise<void> {
    this.#isStarting = true;
    this.#lastState = 'starting';
    this.#listener.changed();
    try {
      await action();
      this.#wasLive = true;
    } catch (error) {
      // The caller is told by this error, so the end need not be told as well.
      this.#wasLive = false;
      throw error;
    } finally {
      this.#isStarting = false;
      this.refresh(true);
      await this.#attaching;
      await this.#untilStarted();
      this.#listener.changed();
    }
  }

  /**
   * Tells the runner something and waits until its state is one of `states`, or it is gone. Rejects
   * with ProblemError `not-running` when there is no runner, and as {@link RunnerClient.connect} does.
   */
  async command(message: ToRunner, states: readonly RunState[]): Promise<void> {
    if (this.#client === undefined) {
      this.refresh();
      await this.#attaching;
    }
    const client = this.#client ?? (await this.#knock());
    client.send(message);
    const deadline = Date.now() + ANSWER_MS;
    while (this.#client === client && !states.includes(client.state)) {
      if (Date.now() > deadline) {
        // It heard us and cannot: what it waits for is still missing.
        if (client.problem !== undefined) throw ProblemError.of(client.problem);
        throw new ProblemError({
          code: 'runner-unreachable',
          message: `The runner of ${this.run.folder} does not answer.`,
          remedy: 'Wait a moment and try again.',
        });
      }
      await delay(20);
    }
  }

  dispose(): void {
    this.#disposed.abort();
    clearTimeout(this.#retry);
    this.#client?.close();
    this.#client = undefined;
    this.#hasNews = false;
    this.#database.close();
  }

  /** The runner has told its starter that it works, and tells us in the same moment. */
  async #untilStarted(): Promise<void> {
    const deadlineMs = Date.now() + STARTED_MS;
    while (this.#client?.state === 'starting' && Date.now() < deadlineMs) await delay(10);
  }

  #liveProgress(): LiveProgress | undefined {
    if (this.#client === undefined || this.#progress === undefined) return undefined;
    const tasks = this.#tasks.latest;
    return tasks.length === 0 ? this.#progress : { ...this.#progress, tasks };
  }

  #liveState(): RunState | undefined {
    if (this.#client !== undefined) return this.#client.state;
    if (this.#isStarting) return 'starting';
    return this.#seemsLive ? this.#lastState : undefined;
  }

  /** Reads what the database says anew; whether that is another thing. */
  #look(mustLook: boolean): boolean {
    const isNew = this.#database.refresh(mustLook || this.#hasNews);
    this.#hasNews = false;
    if (isNew) this.#replayOf ??= replayedName(this.run);
    return isNew;
  }

  #lookForRunner(): void {
    if (this.#client !== undefined) return;
    const address = readRunnerAddress(this.run);
    const staleness = address === undefined ? undefined : stalenessOf(address);
    this.#outcome = readRunOutcome(this.run);
    this.#isOrphaned = address !== undefined && staleness === 'ended';
    // A runner of another version is still at work; its database can only be read.
    this.#seemsLive =
      address !== undefined && (staleness === undefined || staleness === 'other-protocol');
    if (address !== undefined && staleness === undefined) this.#attach(address);
  }

  #attach(address: RunnerAddress): void {
    this.#attaching ??= this.#connect(address)
      .catch((error: unknown) => {
        const isGone = isFailure(error, 'runner-gone');
        if (!isGone) {
          this.#tryAgain();
          return;
        }
        // The number of the process went to another one, so that only the knocking showed it.
        this.#isOrphaned = true;
        this.#seemsLive = false;
        this.#outcome = readRunOutcome(this.run);
        this.#listener.changed();
        this.#tellEnd();
      })
      .finally(() => {
        this.#attaching = undefined;
      });
  }

  #tryAgain(): void {
    if (this.#disposed.signal.aborted) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      this.refresh();
    }, this.#retryMs).unref();
    this.#retryMs = Math.min(this.#retryMs * 2, SLOWEST_RETRY_MS);
  }

  /** One connection at a time, shared by all callers. */
  #connect(address: RunnerAddress): Promise<void> {
    this.#connecting ??= this.#open(address).finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #open(address: RunnerAddress): Promise<void> {
    if (this.#client !== undefined) return;
    const client = await RunnerClient.connect(
      address,
      {
        message: (message) => {
          this.#hear(message);
        },
        closed: () => {
          this.#lastState = this.#client?.state ?? 'starting';
          this.#client = undefined;
          this.#progress = undefined;
          this.#tasks = new LiveTasks();
          this.#database.follow(false);
          this.refresh(true);
          this.#listener.changed();
        },
      },
      this.#disposed.signal,
    );
    this.#client = client;
    this.#wasLive = true;
    this.#retryMs = RETRY_MS;
    this.#database.follow(true);
    this.#look(true);
    this.#listener.changed();
  }

  /** Connects where {@link refresh} did not, and says why it cannot be. */
  async #knock(): Promise<RunnerClient> {
    const address = readRunnerAddress(this.run);
    if (address !== undefined) await this.#connect(address);
    if (this.#client !== undefined) return this.#client;
    throw new ProblemError({
      code: 'not-running',
      message: `The run in ${this.run.folder} is not running.`,
      remedy: 'Resume it to go on.',
    });
  }

  #hear(message: FromRunner): void {
    if (message.kind === 'event') {
      const { event } = message;
      if (event.kind === 'task' || event.kind === 'phase' || event.kind === 'step') {
        this.#tasks.hear(event);
      }
      if (event.kind === 'phase') {
        const { step, phase, done, total } = event;
        const phaseRemainingMs = this.#pace.remainingMs(event);
        this.#progress = {
          ...{ step, phase, done, total },
          ...(phaseRemainingMs !== undefined && { phaseRemainingMs }),
        };
      } else if (event.kind !== 'task') {
        this.#hasNews = true;
      }
    }
    this.#listener.changed();
  }

  #tellEnd(): void {
    if (!this.#wasLive || this.isLive) return;
    this.#wasLive = false;
    this.#look(true);
    this.#listener.ended(this.overview);
  }
}
