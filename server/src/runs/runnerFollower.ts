/** Follows the runner of one run until it is gone, whatever becomes of the connection meanwhile. */
import { isFailure, type Problem, ProblemError } from '../../protocol/problem.ts';
import { setTimeout as delay } from 'node:timers/promises';

import type { RunEvent } from '../../protocol/events.ts';
import type { ToRunner } from '../../protocol/runnerMessages.ts';
import type { RunState } from '../../protocol/runs.ts';
import type { RunFolder } from '../runFolder/runFolder.ts';
import { readRunnerAddress } from '../runFolder/runnerAddress.ts';
import { RunnerClient } from './runnerClient.ts';

/** Between two tries to reach a runner that lives and does not answer. */
const RETRY_MS = 500;

export interface RunnerFollowerListener {
  event(event: RunEvent): void;
  /** The runner's state is another one now. */
  stateChanged(): void;
  /** Connected, for the first time or again; what happened in between was not heard. */
  connected(): void;
  /** The connection broke though the runner seems to live; it is tried again until it answers. */
  lost(reason: ProblemError): void;
}

export class RunnerFollower {
  /** Process number of the runner. */
  readonly processId: number;
  /** Resolves when the runner is gone or the signal was raised. */
  readonly ended: Promise<void>;
  readonly #run: RunFolder;
  readonly #listener: RunnerFollowerListener;
  readonly #signal: AbortSignal;
  #client: RunnerClient;
  #end!: () => void;

  private constructor(
    run: RunFolder,
    processId: number,
    connection: Connection,
    listener: RunnerFollowerListener,
    signal: AbortSignal,
  ) {
    this.#run = run;
    this.processId = processId;
    this.#listener = listener;
    this.#signal = signal;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#client = connection.client;
    this.#adopt(connection);
    signal.addEventListener('abort', () => {
      this.#client.close();
      this.#end();
    });
  }

  /**
   * Rejects with ProblemError `not-running` when no process works on the run, as
   * {@link RunnerClient.connect} does, or with the signal's reason.
   */
  static async attach(
    run: RunFolder,
    listener: RunnerFollowerListener,
    signal: AbortSignal,
  ): Promise<RunnerFollower> {
    const address = readRunnerAddress(run);
    if (address === undefined) throw notRunning(run);
    const connection = await connect(run, signal);
    return new RunnerFollower(run, address.pid, connection, listener, signal);
  }

  /** What a run waits for that paused on its own. */
  get problem(): Problem | undefined {
    return this.#client.problem;
  }

  get state(): RunState {
    return this.#client.state;
  }

  send(message: ToRunner): void {
    this.#client.send(message);
  }

  #adopt(connection: Connection): void {
    this.#client = connection.client;
    connection.deliverTo({
      event: (event) => {
        this.#listener.event(event);
      },
      stateChanged: () => {
        this.#listener.stateChanged();
      },
      closed: () => {
        void this.#reconnect();
      },
    });
    this.#listener.connected();
  }

  /** A runner drops clients that do not keep up; only its end ends the following. */
  async #reconnect(): Promise<void> {
    let isTold = false;
    while (!this.#signal.aborted) {
      try {
        this.#adopt(await connect(this.#run, this.#signal));
        return;
      } catch (error) {
        if (!isFailure(error, 'runner-unreachable')) break;
        if (!isTold) this.#listener.lost(error);
        isTold = true;
        await delay(RETRY_MS, undefined, { signal: this.#signal }).catch(() => undefined);
      }
    }
    this.#end();
  }
}

interface Receiver {
  event(event: RunEvent): void;
  stateChanged(): void;
  closed(): void;
}

interface Connection {
  readonly client: RunnerClient;
  /** Passes on what came and what comes. */
  readonly deliverTo: (receiver: Receiver) => void;
}

/** Connects and keeps what the runner says until somebody takes it. */
async function connect(run: RunFolder, signal: AbortSignal): Promise<Connection> {
  const address = readRunnerAddress(run);
  if (address === undefined) throw notRunning(run);
  const waiting: ((receiver: Receiver) => void)[] = [];
  let taken: Receiver | undefined;
  const deliver = (delivery: (receiver: Receiver) => void): void => {
    if (taken === undefined) waiting.push(delivery);
    else delivery(taken);
  };
  const client = await RunnerClient.connect(
    address,
    {
      message: (message) => {
        deliver((receiver) => {
          if (message.kind !== 'event') receiver.stateChanged();
          // A view shows what comes, and has shown it already where this is another connection.
          else if (message.earlier !== true) receiver.event(message.event);
        });
      },
      closed: () => {
        deliver((receiver) => {
          receiver.closed();
        });
      },
    },
    signal,
  );
  return {
    client,
    deliverTo: (receiver) => {
      taken = receiver;
      for (const delivery of waiting.splice(0)) delivery(receiver);
    },
  };
}

function notRunning(run: RunFolder): ProblemError {
  return new ProblemError({
    code: 'not-running',
    message: `The run in ${run.folder} is not running.`,
    remedy: `"azr resume ${run.folder}" goes on with it.`,
  });
}
