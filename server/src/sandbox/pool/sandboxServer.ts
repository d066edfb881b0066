/** What both engines give the pool: something that answers one request at a time and can be ended. */
import type { RequestHeader, Response } from './wire.ts';

/** Two hash seeds, two clocks, two streams of random numbers: which of them to run under. */
export type Variant = 0 | 1;

/** Fixed, so that a run's accepted tasks can be reproduced; different, so that they are worth two runs. */
export const HASH_SEEDS: readonly [number, number] = [1, 2_718_281_828];

/** The server died before it answered; nothing is known about the request. */
export const SERVER_DIED = 'server-died';
/** The server did not answer in time and was killed. */
export const SERVER_HUNG = 'server-hung';

/** How a request ended: a response, or the server gone, or hung. */
export type ServerAnswer = Response | typeof SERVER_DIED | typeof SERVER_HUNG;

/** What `service.py` is asked. */
export interface RequestBody {
  readonly operation: 'run' | 'inspect';
  readonly program: string;
  /** Argument lists in canonical form, one for each execution; none where a program is inspected. */
  readonly inputs: readonly string[];
  /** The token that marks true reports, in hexadecimal. */
  readonly nonce: string;
  readonly outputCharacters: number;
  readonly stdoutCharacters: number;
}

export interface ServerRequest {
  readonly header: Omit<RequestHeader, 'identifier'>;
  readonly body: RequestBody;
  readonly variant: Variant;
  /** See ExecutionOptions. */
  readonly round: number;
}

export interface SandboxServer {
  readonly alive: boolean;
  readonly pid: number | undefined;
  /** Requests answered so far. */
  readonly served: number;
  /** Sends one request; never rejects. A server that does not answer within its limits is killed. */
  handle(request: ServerRequest): Promise<ServerAnswer>;
  /** Ends the server and what it runs at once. */
  kill(): void;
  /** Ends the server and resolves when it is gone. */
  stop(): Promise<void>;
}
