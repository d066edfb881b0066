/** One run of a catalog: its database, its runner if it has one, and the overview made of both. */
import { ProblemError } from '../../protocol/problem.ts';
import { setTimeout as delay } from 'node:timers/promises';

import type { FromRunner, ToRunner } from '../../protocol/runnerMessages.ts';
import type { LiveProgress, RunId, RunOverview, RunState } from '../../protocol/runs.ts';
import type { RunReader } from '../store/runReader.ts';
import { type Following, isLive, isStarting, runStateOf } from './following.ts';
import { LiveTasks } from './liveTasks.ts';
import { replayedName } from '../runFolder/replayNote.ts';
import { PhasePace } from './phasePace.ts';
import { RunDatabase } from './runDatabase.ts';
import type { RunFolder } from '../runFolder/runFolder.ts';
import { runIdOf } from '../runFolder/runId.ts';
import { RunnerFollower } from './runnerFollower.ts';
import { readRunOutcome, type RunOutcome } from '../runFolder/runOutcome.ts';
import { overviewOf } from './runOverview.ts';

const ANSWER_MS = 5_000;
const STARTED_MS = 1_000;

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
  readonly #follower: RunnerFollower;
  #progress: LiveProgress | undefined;
  readonly #pace = new PhasePace();
  #tasks = new LiveTasks();
  #outcome: RunOutcome | undefined;
  /** Read with what the database says anew, since an overview is asked for all the time. */
  #replayOf: string | undefined;
  /** The runner told of a commit that was not looked at. */
  #hasNews = false;

  constructor(run: RunFolder, listener: TrackedRunListener) {
    this.run = run;
    this.id = runIdOf(run.folder);
    this.#listener = listener;
    this.#database = new RunDatabase(run);
    this.#follower = new RunnerFollower(run, {
      changed: (state, before) => {
        this.#follow(state, before);
      },
      message: (message) => {
        this.#hear(message);
      },
    });
  }

  get isLive(): boolean {
    return isLive(this.#follower.state);
  }

  /** Its runner is being started from here. */
  get isStarting(): boolean {
    return isStarting(this.#follower.state);
  }

  /** Reads what was told of since the last time: as often as somebody asks, not for every step. */
  get overview(): RunOverview {
    if (this.#hasNews) this.#look(true);
    const { state } = this.#follower;
    return overviewOf({
      id: this.id,
      run: this.run,
      look: this.#database.look,
      replayOf: this.#replayOf,
      liveState: runStateOf(state),
      held: this.#follower.client?.problem,
      progress: this.#liveProgress(),
      outcome: this.#outcome,
      isOrphaned: 'wasKilled' in state && state.wasKilled,
    });
  }

  /**
   * Looks at the folder again. Cheap when nothing changed; never throws. Resolves when it is decided
   * whether a runner that seems alive answers.
   */
  async refresh(mustLook = false): Promise<void> {
    if (this.#follower.isDisposed) return;
    const before = this.#outcome?.kind;
    const isNew = this.#look(mustLook);
    this.#readOutcome();
    if (isNew || this.#outcome?.kind !== before) this.#listener.changed();
    await this.#follower.look();
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
    this.#follower.noteStart('start');
    let end: 'started' | 'start-failed' = 'start-failed';
    try {
      await action();
      end = 'started';
    } finally {
      const looked = this.refresh(true);
      this.#follower.noteStart(end);
      await looked;
      await this.#untilStarted();
      this.#listener.changed();
    }
  }

  /**
   * Tells the runner something and waits until its state is one of `states`, or it is gone. Rejects as
   * {@link RunnerFollower.connect} does, and with ProblemError `runner-unreachable` or what the runner waits
   * for when its state stays another one.
   */
  async command(message: ToRunner, states: readonly RunState[]): Promise<void> {
    if (this.#follower.client === undefined) await this.refresh();
    const client = await this.#follower.connect();
    client.send(message);
    const deadline = Date.now() + ANSWER_MS;
    while (this.#follower.client === client && !states.includes(client.state)) {
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
    this.#follower.dispose();
    this.#hasNews = false;
    this.#database.close();
  }

  /** The runner has told its starter that it works, and tells us in the same moment. */
  async #untilStarted(): Promise<void> {
    const deadlineMs = Date.now() + STARTED_MS;
    while (this.#follower.client?.state === 'starting' && Date.now() < deadlineMs) await delay(10);
  }

  #liveProgress(): LiveProgress | undefined {
    if (this.#progress === undefined) return undefined;
    const tasks = this.#tasks.latest;
    return tasks.length === 0 ? this.#progress : { ...this.#progress, tasks };
  }

  /** Reads what the database says anew; whether that is another thing. */
  #look(mustLook: boolean): boolean {
    const isNew = this.#database.refresh(mustLook || this.#hasNews);
    this.#hasNews = false;
    if (isNew) this.#replayOf ??= replayedName(this.run);
    return isNew;
  }

  #follow(state: Following, before: Following): void {
    // Another try in vain makes the pause before the next one longer, and changes nothing else.
    if (state.kind === 'unreachable' && before.kind === 'unreachable') return;
    const isConnected = state.kind === 'connected';
    if (isConnected !== (before.kind === 'connected')) {
      this.#progress = undefined;
      this.#tasks = new LiveTasks();
      this.#database.follow(isConnected);
      this.#look(true);
    }
    this.#readOutcome();
    this.#listener.changed();
    if (state.kind === 'ended' && before.kind !== 'ended') {
      this.#look(true);
      this.#listener.ended(this.overview);
    }
  }

  /** How the last runner ended, where none is at work. */
  #readOutcome(): void {
    if (!this.isLive) this.#outcome = readRunOutcome(this.run);
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
}
