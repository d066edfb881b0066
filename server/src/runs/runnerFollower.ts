/**
 * Follows the runner of one run through its connections: looks where it listens, connects, and tries again
 * while it seems alive. {@link follow} decides what that makes of the state.
 */
import { isFailure, ProblemError } from '../../protocol/problem.ts';
import type { FromRunner } from '../../protocol/runnerMessages.ts';
import type { RunFolder } from '../runFolder/runFolder.ts';
import { readRunnerAddress, stalenessOf } from '../runFolder/runnerAddress.ts';
import { follow, type Following, type FollowingEvent, NOT_FOLLOWING } from './following.ts';
import { RunnerClient, type RunnerClientListener } from './runnerClient.ts';

export interface RunnerFollowerListener {
  /** The state is another one than `before`. */
  changed(state: Following, before: Following): void;
  /** Every message after the greeting; the state is `connected` by then. */
  message(message: FromRunner): void;
}

export class RunnerFollower {
  readonly #run: RunFolder;
  readonly #listener: RunnerFollowerListener;
  readonly #disposed = new AbortController();
  #state = NOT_FOLLOWING;
  /** One at a time, shared by all who ask. */
  #attempt: Promise<RunnerClient> | undefined;
  #retry: NodeJS.Timeout | undefined;

  constructor(run: RunFolder, listener: RunnerFollowerListener) {
    this.#run = run;
    this.#listener = listener;
  }

  get state(): Following {
    return this.#state;
  }

  get client(): RunnerClient | undefined {
    return this.#state.kind === 'connected' ? this.#state.client : undefined;
  }

  get isDisposed(): boolean {
    return this.#disposed.signal.aborted;
  }

  /** Looks at the folder, and connects where a runner seems alive. Resolves when that is decided. */
  async look(): Promise<void> {
    if (this.isDisposed || this.client !== undefined) return;
    this.#apply(seenIn(this.#run));
    if (this.#state.kind === 'unreachable') this.#tryToConnect();
    await this.#attempt?.catch(() => undefined);
  }

  /**
   * The connection, made now where there is none. Rejects with ProblemError `not-running` when no process
   * works on the run, as {@link RunnerClient.connect} does, or with an AbortError once this is disposed of.
   */
  connect(): Promise<RunnerClient> {
    if (this.client !== undefined) return Promise.resolve(this.client);
    this.#attempt ??= this.#connect().finally(() => {
      this.#attempt = undefined;
    });
    return this.#attempt;
  }

  /** Notes that this process begins to start a runner, has started it, or failed to. */
  noteStart(kind: 'start' | 'started' | 'start-failed'): void {
    this.#apply({ kind });
  }

  /** Closes the connection; the runner goes on. */
  dispose(): void {
    this.#disposed.abort();
    clearTimeout(this.#retry);
    this.client?.close();
    this.#state = NOT_FOLLOWING;
  }

  #apply(event: FollowingEvent): void {
    const before = this.#state;
    this.#state = follow(before, event);
    if (this.#state === before || this.isDisposed) return;
    clearTimeout(this.#retry);
    this.#listener.changed(this.#state, before);
    if (this.#state.kind === 'connecting') this.#tryToConnect();
    if (this.#state.kind === 'unreachable') {
      this.#retry = setTimeout(() => void this.look(), this.#state.pauseMs);
    }
  }

  #tryToConnect(): void {
    // What came of it is in the state.
    this.connect().catch(() => undefined);
  }

  async #connect(): Promise<RunnerClient> {
    // What comes in one go with the greeting is passed on once the state says that it is connected.
    let early: FromRunner[] | undefined = [];
    const client = await this.#knock({
      message: (message) => {
        if (early === undefined) this.#listener.message(message);
        else early.push(message);
      },
      closed: () => {
        this.#apply({ kind: 'closed' });
      },
    });
    const heard = early;
    early = undefined;
    this.#apply({ kind: 'connected', client });
    for (const message of heard) this.#listener.message(message);
    return client;
  }

  async #knock(listener: RunnerClientListener): Promise<RunnerClient> {
    try {
      const address = readRunnerAddress(this.#run);
      if (address === undefined) throw notRunning(this.#run);
      return await RunnerClient.connect(address, listener, this.#disposed.signal);
    } catch (error) {
      if (error instanceof ProblemError) this.#apply(whyNot(error, this.#run));
      throw error;
    }
  }
}

/** What `runner.json` says, without a try to connect. */
function seenIn(run: RunFolder): FollowingEvent {
  const address = readRunnerAddress(run);
  if (address === undefined) return { kind: 'absent', wasKilled: false };
  switch (stalenessOf(address)) {
    case undefined:
      return { kind: 'alive' };
    case 'other-protocol':
      return { kind: 'other-protocol' };
    case 'ended':
      return { kind: 'absent', wasKilled: true };
    case 'other-host':
      return { kind: 'absent', wasKilled: false };
  }
}

/** What a try that failed says of the runner. */
function whyNot(error: ProblemError, run: RunFolder): FollowingEvent {
  if (isFailure(error, 'runner-unreachable')) return { kind: 'unreachable', reason: error };
  if (isFailure(error, 'protocol-changed')) return { kind: 'other-protocol' };
  const seen = seenIn(run);
  // The number of its process may be another one's by now: then only this try showed its end.
  return seen.kind === 'absent' ? seen : { kind: 'absent', wasKilled: true };
}

function notRunning(run: RunFolder): ProblemError {
  return new ProblemError({
    code: 'not-running',
    message: `The run in ${run.folder} is not running.`,
    remedy: 'Resume it to go on.',
  });
}
