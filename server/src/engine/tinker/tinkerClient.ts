/**
 * Speaks the Tinker JSON dialect over HTTP: requests, futures fetched by long polling, retries of
 * what is safe to repeat, cancellation. Knows nothing of what the requests mean.
 */
import { ProblemError } from '../../../protocol/problem.ts';
import { setTimeout as sleep } from 'node:timers/promises';

import { foreignProblem, foreignSentence } from '../../../protocol/foreignProblem.ts';
import { checkEngineAddress } from '../engineAddress.ts';
import { readReply, SMALL_REPLY_BYTES } from './replyBody.ts';
import { fieldOf, textIn } from './replyChecks.ts';

const PREFIX = '/api/v1/';
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5_000;
/** A server that is silent for longer to one request is stuck or stopped. */
const SILENCE_MS = 180_000;
/** So many polls without an answer in a row are a failure. */
const MOST_SILENCES = 3;
/** How long a server may take to hear that an answer is not wanted any more. */
const CANCEL_MS = 1_000;
/** A poll without an answer by then is sent again; servers hold one for up to 300 s. */
const POLL_MS = 100_000;
/** A server that answers a poll at once, and does not know yet, is not asked more often than this. */
const PAUSE_MS = 500;
/** How long a server that left a poll unanswered may take to say that it lives. */
const HEALTH_MS = 60_000;

export interface TinkerClientOptions {
  /** Address of the server without `/api/v1`. */
  readonly url: string;
  readonly apiKey: string;
  /** How often a request is sent again after the network or the server failed; default 6. */
  readonly retries?: number;
  /** How long a server may be silent before a request counts as failed; default three minutes. */
  readonly silenceMs?: number;
  /** Aborts when the server is known to be gone; its reason says why. */
  readonly gone?: AbortSignal;
  /** How long one request for a future may wait; default 100 s. */
  readonly pollMs?: number;
}

export interface ComputeOptions {
  readonly signal?: AbortSignal | undefined;
  /** Route by which the server can cancel, if it can. */
  readonly cancelRoute?: string | undefined;
  /** Whether sending the request twice does no harm; default: when it has a `seq_id`. */
  readonly repeatable?: boolean | undefined;
  /** The longest answer that the request can need, in bytes; default: that of a small one. */
  readonly replyBytes?: number | undefined;
}

interface Reply {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export class TinkerClient {
  readonly #base: string;
  readonly #apiKey: string;
  readonly #retries: number;
  readonly #silenceMs: number;
  readonly #gone: AbortSignal | undefined;
  readonly #pollMs: number;

  /** Throws a ProblemError for an address or a key that cannot be used. */
  constructor(options: TinkerClientOptions) {
    const { url, apiKey, retries = 6, gone } = options;
    const { silenceMs = SILENCE_MS, pollMs = POLL_MS } = options;
    this.#silenceMs = silenceMs;
    checkEngineAddress(url, apiKey);
    this.#pollMs = pollMs;
    this.#base = url.replace(/\/+$/, '') + PREFIX;
    this.#apiKey = apiKey;
    this.#retries = retries;
    this.#gone = gone;
  }

  async get<T>(route: string, signal?: AbortSignal): Promise<T> {
    return succeed(route, await this.#send('GET', route, undefined, true, signal)) as T;
  }

  /** One request that the server answers at once. `repeatable`: sending it twice does no harm. */
  async post<T>(
    route: string,
    body: object,
    repeatable: boolean,
    signal?: AbortSignal,
  ): Promise<T> {
    return succeed(route, await this.#send('POST', route, body, repeatable, signal)) as T;
  }

  /**
   * Posts a request and waits for its future. A request with a `seq_id` is sent again under the
   * same number when the network fails, unless the server would run it twice. When `signal` aborts
   * and the server can cancel, it is told to.
   */
  async compute<T>(route: string, body: object, options: ComputeOptions): Promise<T> {
    const { signal, cancelRoute, repeatable = 'seq_id' in body } = options;
    const { replyBytes = SMALL_REPLY_BYTES } = options;
    const accepted = await this.post<unknown>(route, body, repeatable, signal);
    const future = { request_id: textIn(accepted, 'request_id') };
    try {
      return await this.#retrieve<T>(route, future, replyBytes, signal);
    } catch (error) {
      if (signal?.aborted === true && cancelRoute !== undefined) {
        // The answer no longer matters; a failure to cancel must not hide the abort.
        await this.post(cancelRoute, future, false, AbortSignal.timeout(CANCEL_MS)).catch(
          () => undefined,
        );
      }
      throw error;
    }
  }

  async #retrieve<T>(
    route: string,
    future: object,
    replyBytes: number,
    signal?: AbortSignal,
  ): Promise<T> {
    for (;;) {
      const askedMs = Date.now();
      const reply = await this.#limited(this.#pollMs, signal, (either) =>
        this.#send('POST', 'retrieve_future', future, true, either, replyBytes),
      );
      if (reply === undefined) await this.#requireLife(signal);
      else if (reply.status !== 408 && reply.body['type'] !== 'try_again') {
        return succeed(route, reply) as T;
      }
      await this.#sleep(askedMs + PAUSE_MS - Date.now(), signal);
    }
  }

  /** A busy server and a connection that died unnoticed look alike until one asks. */
  async #requireLife(signal?: AbortSignal): Promise<void> {
    const reply = await this.#limited(HEALTH_MS, signal, (either) =>
      this.#send('GET', 'healthz', undefined, true, either),
    );
    if (reply === undefined) throw this.#unreachable('healthz', new Error('no answer in a minute'));
  }

  /** What `action` resolves with; undefined when it took longer than `limitMs`. */
  async #limited(
    limitMs: number,
    signal: AbortSignal | undefined,
    action: (either: AbortSignal) => Promise<Reply>,
  ): Promise<Reply | undefined> {
    const limit = AbortSignal.timeout(limitMs);
    try {
      return await action(signal === undefined ? limit : AbortSignal.any([signal, limit]));
    } catch (error) {
      if (error === limit.reason) return undefined;
      throw error;
    }
  }

  async #sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    if (delayMs <= 0) return;
    const either = this.#orGone(signal);
    await sleep(delayMs, undefined, { signal: either }).catch(() => {
      either.throwIfAborted();
    });
  }

  #orGone(signal: AbortSignal | undefined): AbortSignal {
    return AbortSignal.any([signal, this.#gone].filter((one) => one !== undefined));
  }

  async #send(
    method: string,
    route: string,
    body: object | undefined,
    repeatable: boolean,
    signal?: AbortSignal,
    replyBytes = SMALL_REPLY_BYTES,
  ): Promise<Reply> {
    const anySignal = this.#orGone(signal);
    const text = body === undefined ? null : JSON.stringify(body);
    let silences = 0;
    for (let attempt = 0; ; attempt += 1) {
      anySignal.throwIfAborted();
      const outcome = await this.#attempt(method, route, text, replyBytes, anySignal);
      const failed = outcome instanceof Error || isTransient(outcome.status);
      if (!failed) return outcome;
      silences = isSilence(outcome) ? silences + 1 : 0;
      if (silences >= MOST_SILENCES) throw this.#silent(route);
      if (!repeatable || attempt >= this.#retries) {
        if (!(outcome instanceof Error)) return outcome;
        throw this.#unreachable(route, outcome);
      }
      await this.#sleep(Math.min(FIRST_DELAY_MS * 2 ** attempt, LONGEST_DELAY_MS), signal);
    }
  }

  async #attempt(
    method: string,
    route: string,
    text: string | null,
    replyBytes: number,
    signal: AbortSignal,
  ): Promise<Reply | Error> {
    // The time limit holds for the body too, however slowly it comes.
    const limited = AbortSignal.any([signal, AbortSignal.timeout(this.#silenceMs)]);
    try {
      const response = await fetch(this.#base + route, {
        method,
        body: text,
        headers: {
          'X-API-Key': this.#apiKey,
          'Content-Type': 'application/json',
          'Accept-Encoding': 'identity',
        },
        signal: limited,
        redirect: 'error',
      });
      const reply = await readReply(response, replyBytes, limited);
      return { status: response.status, body: asObject(reply) };
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ProblemError) throw error;
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  #silent(route: string): ProblemError {
    const seconds = (MOST_SILENCES * this.#silenceMs) / 1000;
    return new ProblemError({
      code: 'engine_silent',
      message: `The engine at ${this.#base} has not answered ${route} for ${seconds} s.`,
      remedy:
        'It is stuck or stopped: end its process, then resume the run from its last checkpoint.',
    });
  }

  #unreachable(route: string, cause: Error): ProblemError {
    const reason = cause.cause instanceof Error ? cause.cause.message : cause.message;
    return new ProblemError(
      {
        code: 'engine_unreachable',
        message: `The engine at ${this.#base} did not answer ${route}: ${reason}.`,
        remedy:
          'Check that the engine is running and that the address is right, then resume the run.',
      },
      { cause },
    );
  }
}

function isSilence(outcome: Reply | Error): boolean {
  return outcome instanceof Error && outcome.name === 'TimeoutError';
}

/** Statuses that say nothing about the request itself. */
function isTransient(status: number): boolean {
  return status === 429 || status === 502 || status === 503 || status === 504;
}

function asObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // A proxy may answer in HTML; the status then tells what happened.
  }
  return { unreadable: foreignSentence(text.trim(), 200) };
}

/** The body of a successful reply; anything else is thrown as the server worded it, shortened, with its `details` as cause. */
function succeed(route: string, { status, body }: Reply): unknown {
  const error = body['error'] ?? body['detail'];
  const { code, remedy, unreadable, details } = body;
  if (status < 400 && error === undefined && unreadable === undefined) return body;
  if (status === 401 || status === 403) throw keyRefused(status);
  const said = typeof unreadable === 'string' && unreadable !== '' ? `: ${unreadable}` : '.';
  throw ProblemError.of(
    foreignProblem({
      code: typeof code === 'string' ? code : 'engine_refused',
      message: errorText(error) ?? `The engine answered ${route} with status ${status}${said}`,
      remedy: typeof remedy === 'string' ? remedy : "See the engine's log.",
    }),
    { cause: details },
  );
}

function keyRefused(status: number): ProblemError {
  return new ProblemError({
    code: 'engine_key_refused',
    message: `The engine refused the key it was sent (status ${status}).`,
    remedy:
      'Set the right one: "AZR: Set Engine Key" in VS Code, TINKER_API_KEY for the command line.',
  });
}

/** A sentence, or FastAPI's list of what is wrong with a request. */
function errorText(error: unknown): string | undefined {
  if (typeof error === 'string') return error;
  if (!Array.isArray(error) || error.length === 0) return undefined;
  const parts = error.slice(0, 3).map((part: unknown) => {
    const [place, message] = [fieldOf(part, 'loc'), fieldOf(part, 'msg')];
    const names = Array.isArray(place) ? place.filter(isName).join('.') : '';
    return `${names}: ${typeof message === 'string' ? message : ''}`;
  });
  return `The engine did not take the request: ${parts.join('; ')}.`;
}

function isName(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number';
}
