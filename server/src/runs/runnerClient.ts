/** A viewer's end of the connection to a runner. */
import { type Problem, ProblemError } from '../../protocol/problem.ts';
import { connect } from 'node:net';

import { WebSocket } from 'ws';

import { foreignProblem } from '../../protocol/foreignProblem.ts';
import type { FromRunner, RunnerAddress, ToRunner } from '../../protocol/runnerMessages.ts';
import type { RunState } from '../../protocol/runs.ts';
import { PROTOCOL_VERSION } from '../../protocol/version.ts';
import { isOwnProcess, processStatus } from '../runFolder/processIdentity.ts';
import { readFromRunner } from './readFromRunner.ts';
import { type Staleness, stalenessOf } from '../runFolder/runnerAddress.ts';
import { findRunnerSocket } from '../runFolder/runnerSocket.ts';

const CONNECT_MS = 3_000;
/** A step's metrics are a few thousand characters, a task's program at most some ten thousand. */
const MAXIMUM_MESSAGE_BYTES = 4 * 2 ** 20;

export interface RunnerClientListener {
  /** Every message after `hello`. */
  message(message: FromRunner): void;
  /** The connection ended, by whichever side; called once, and not after {@link RunnerClient.close}. */
  closed(): void;
}

export class RunnerClient {
  readonly #socket: WebSocket;
  readonly #listener: RunnerClientListener;
  readonly #greeting: Promise<void>;
  #greet!: () => void;
  #failGreeting!: (reason: Error) => void;
  #state: RunState = 'starting';
  #problem: Problem | undefined;
  #sequence = 0;
  #isGreeted = false;
  #isClosed = false;

  private constructor(socket: WebSocket, listener: RunnerClientListener) {
    this.#socket = socket;
    this.#listener = listener;
    this.#greeting = new Promise((resolve, reject) => {
      this.#greet = resolve;
      this.#failGreeting = reject;
    });
    // Messages may come in one go with the greeting, so there is one listener from the start.
    socket.on('message', (data) => {
      this.#receive(readFromRunner((data as Buffer).toString('utf8')));
    });
    socket.on('close', () => {
      this.#failGreeting(new Error('the connection was closed'));
      if (this.#isClosed) return;
      this.#isClosed = true;
      if (this.#isGreeted) listener.closed();
    });
    // Without a listener an error would end the process; `close` follows every one.
    socket.on('error', () => undefined);
    this.#greeting.catch(() => undefined);
  }

  /**
   * Connects and waits for the runner's greeting. Rejects with ProblemError `runner-gone` when the
   * address is a leftover, `protocol-changed` when the runner is of another version,
   * `runner-unreachable` when it lives but does not answer, or with the signal's reason.
   */
  static async connect(
    address: RunnerAddress,
    listener: RunnerClientListener,
    signal?: AbortSignal,
  ): Promise<RunnerClient> {
    signal?.throwIfAborted();
    const staleness = stalenessOf(address);
    if (staleness !== undefined) throw staleError(address, staleness);
    const socket = openSocket(address);
    const client = new RunnerClient(socket, listener);
    const giveUp = (): void => {
      client.#failGreeting(new Error('the connection was given up'));
    };
    const timeout = setTimeout(giveUp, CONNECT_MS);
    signal?.addEventListener('abort', giveUp);
    try {
      await client.#greeting;
      return client;
    } catch (error) {
      client.#isClosed = true;
      socket.terminate();
      signal?.throwIfAborted();
      throw error instanceof ProblemError ? error : unreachableError(address);
    } finally {
      clearTimeout(timeout);
      signal?.removeEventListener('abort', giveUp);
    }
  }

  get state(): RunState {
    return this.#state;
  }

  /** What a run waits for that paused on its own. */
  get problem(): Problem | undefined {
    return this.#problem;
  }

  /** Number of the last change of the database that the runner told of. */
  get sequence(): number {
    return this.#sequence;
  }

  send(message: ToRunner): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  close(): void {
    this.#isClosed = true;
    this.#socket.close();
    // The runner may hang; a viewer does not wait for it.
    const timeout = setTimeout(() => {
      this.#socket.terminate();
    }, 500);
    this.#socket.once('close', () => {
      clearTimeout(timeout);
    });
  }

  #receive(message: FromRunner | undefined): void {
    if (message === undefined || this.#isClosed) return;
    if (message.kind === 'event') this.#sequence = message.sequence;
    else {
      this.#state = message.state;
      this.#problem = message.problem && foreignProblem(message.problem);
    }
    if (message.kind !== 'hello') {
      if (this.#isGreeted) this.#listener.message(message);
      return;
    }
    if (message.protocolVersion !== PROTOCOL_VERSION) {
      this.#failGreeting(protocolError(message.protocolVersion));
      return;
    }
    this.#sequence = message.sequence;
    this.#isGreeted = true;
    this.#greet();
  }
}

/** Throws ProblemError when there is nothing that a viewer may connect to. */
function openSocket(address: RunnerAddress): WebSocket {
  const { port, token, pid, startedAt } = address;
  const options = {
    headers: { authorization: `Bearer ${token}` },
    handshakeTimeout: CONNECT_MS,
    maxPayload: MAXIMUM_MESSAGE_BYTES,
    perMessageDeflate: false,
  };
  if (port !== undefined) {
    // Any folder can name a port. A stranger's cannot name a process of this user with its start.
    if (processStatus(pid, startedAt) !== 'running' || !isOwnProcess(pid)) {
      throw unreachableError(address);
    }
    return new WebSocket(`ws://127.0.0.1:${port}/`, options);
  }
  const path = findRunnerSocket(token);
  if (path === undefined) throw unreachableError(address, true);
  return new WebSocket('ws://localhost/', {
    ...options,
    createConnection: () => connect({ path }),
  });
}

function staleError(address: RunnerAddress, staleness: Staleness): ProblemError {
  switch (staleness) {
    case 'ended':
      return goneError(`the process ${address.pid} has ended`);
    case 'other-host':
      return goneError(`it belongs to the machine ${address.hostName}`);
    case 'other-protocol':
      return protocolError(address.protocolVersion);
  }
}

function goneError(why: string): ProblemError {
  return new ProblemError({
    code: 'runner-gone',
    message: `The run has no runner: its runner.json is a leftover, because ${why}.`,
    remedy: 'Resume the run to go on.',
  });
}

function protocolError(version: number): ProblemError {
  return new ProblemError({
    code: 'protocol-changed',
    message: `The runner speaks protocol ${version}, this AZR Studio speaks ${PROTOCOL_VERSION}.`,
    remedy: 'Let it finish, or stop it with the version that started it.',
  });
}

/** There is no answer: the runner hangs or is ending, or its process id went to another process. */
function unreachableError({ pid, startedAt }: RunnerAddress, isMissing = false): ProblemError {
  const status = processStatus(pid, startedAt);
  if (status === 'ended') return goneError(`the process ${pid} has ended`);
  if (status === 'other' || !isOwnProcess(pid)) {
    return goneError(`the process ${pid} is another one by now`);
  }
  if (isMissing) {
    return new ProblemError({
      code: 'runner-unreachable',
      message: `The runner, process ${pid}, is alive, but its socket is not found here.`,
      remedy: `Look at the run as the user who started it and in the same container, with the same HOME and TMPDIR. If its socket was deleted, end the process ${pid} and resume the run, which goes on from its newest checkpoint.`,
    });
  }
  return new ProblemError({
    code: 'runner-unreachable',
    message: `The runner, process ${pid}, does not answer.`,
    remedy: `Wait a moment and try again. If it keeps failing, end the process ${pid} and resume the run, which goes on from its newest checkpoint.`,
  });
}
