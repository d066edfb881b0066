/**
 * A page's end of its connection with the extension: says `ready`, asks and waits for answers by
 * number, gives up what takes too long, and hands on what comes unasked.
 */
import type { RequestMap } from '../../../server/protocol/languageMessages.ts';
import type { Problem } from '../../../server/protocol/problem.ts';
import { PROTOCOL_VERSION } from '../../../server/protocol/version.ts';
import type {
  HostMessage,
  PageAction,
  PageMessage,
  PageRequestName,
} from '../../../server/protocol/webviewMessages.ts';

const TIMEOUT_MS = 20_000;
const GIVEN_UP: Problem = {
  code: 'cancelled',
  message: 'The request was given up.',
  remedy: 'Ask again.',
};

/** What VS Code's `acquireVsCodeApi()` returns, as far as pages use it. */
export interface MessageHost {
  postMessage(message: unknown): void;
}

/** A request that the server refused or did not answer, or that was given up. */
export class RequestRefused extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message);
    this.name = 'RequestRefused';
    this.problem = problem;
  }
}

export type UnaskedMessage = Exclude<HostMessage, { kind: 'response' | 'refusal' }>;

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: RequestRefused) => void;
  readonly timer: ReturnType<typeof setTimeout> | undefined;
}

export class Connection {
  readonly #host: MessageHost;
  readonly #listener: (message: UnaskedMessage) => void;
  readonly #waiting = new Map<number, Waiting>();
  readonly #timeoutMs: number;
  #lastId = 0;

  constructor(
    host: MessageHost,
    listener: (message: UnaskedMessage) => void,
    timeoutMs = TIMEOUT_MS,
  ) {
    this.#host = host;
    this.#listener = listener;
    this.#timeoutMs = timeoutMs;
  }

  announceReady(): void {
    this.#post({ kind: 'ready', protocolVersion: PROTOCOL_VERSION });
  }

  act(action: PageAction): void {
    this.#post({ kind: 'action', action });
  }

  reportDefect(message: string): void {
    this.#post({ kind: 'defect', message });
  }

  /**
   * Rejects with {@link RequestRefused} and with nothing else. With a `signal`, which gives the request
   * up, it may take as long as the server looks for the answer.
   */
  request<Name extends PageRequestName>(
    method: Name,
    parameters: RequestMap[Name]['parameters'],
    signal?: AbortSignal,
  ): Promise<RequestMap[Name]['result']> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      const giveUp = (problem: Problem) => {
        // It may have been answered.
        if (!this.#waiting.delete(id)) return;
        this.#post({ kind: 'cancel', id });
        reject(new RequestRefused(problem));
      };
      signal?.addEventListener('abort', () => {
        giveUp(GIVEN_UP);
      });
      const timer =
        signal === undefined
          ? setTimeout(() => {
              giveUp({
                code: 'timeout',
                message: `No answer came within ${String(this.#timeoutMs / 1000)} s.`,
                remedy: 'Try again; if it keeps failing, run “AZR: Restart Server”.',
              });
            }, this.#timeoutMs)
          : undefined;
      this.#waiting.set(id, {
        resolve: resolve as (result: unknown) => void,
        reject,
        timer,
      });
      this.#post({ kind: 'request', id, method, parameters });
    });
  }

  receive(message: HostMessage): void {
    if (message.kind !== 'response' && message.kind !== 'refusal') {
      this.#listener(message);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    // An answer to what was given up already.
    if (waiting === undefined) return;
    this.#waiting.delete(message.id);
    clearTimeout(waiting.timer);
    if (message.kind === 'response') waiting.resolve(message.result);
    else waiting.reject(new RequestRefused(message.problem));
  }

  #post(message: PageMessage): void {
    this.#host.postMessage(message);
  }
}

/** The problem behind an error; one of our own making when it is a defect. */
export function problemOf(error: unknown): Problem {
  if (error instanceof RequestRefused) return error.problem;
  return {
    code: 'defect',
    message: `This page failed: ${error instanceof Error ? error.message : String(error)}`,
    remedy: 'Close it and open it again; the log of AZR Studio has the details.',
  };
}
