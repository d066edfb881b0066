/**
 * Requests to the engine, in the order in which they came. The engine does one thing at a time and does
 * many alike at once: those that wait together and sample alike, or are only scored, share one call.
 */
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import type {
  Completion,
  SampledWeights,
  SampleRequest,
  ServedEngine,
  TokenScore,
  TrainingDatum,
} from '../../protocol/engine.ts';
import { hasEnded } from '../run/restartingEngine.ts';
import { RefusedRequest } from './refusedRequest.ts';

/** Requests that come within this time find one another while the engine has nothing to do. */
const GATHER_MS = 5;
/** More would only wait, and their clients' time runs out. */
const MOST_WAITING = 256;
/** Completions of one call of the engine. */
const MOST_ROWS = 1_024;
const SEEDS = 2 ** 31;

export interface Sampling {
  readonly temperature: number;
  readonly maximumTokens: number;
  /** With it, and a temperature above 0, the request has a call of its own. */
  readonly seed: number | undefined;
}

export type ScoredSequence = Pick<TrainingDatum, 'promptTokens' | 'completionTokens'>;

/** Part of the engine's work: alike ones do it together, and each gets the results of its own items. */
interface Work<Item, Result> {
  /** Those with an equal key are alike. */
  readonly key: string;
  readonly items: readonly Item[];
  readonly rows: number;
  readonly call: (
    engine: ServedEngine,
    items: readonly Item[],
    signal: AbortSignal,
  ) => Promise<readonly Result[]>;
}

interface Waiting extends Work<unknown, unknown> {
  key: string;
  readonly signal: AbortSignal;
  readonly settle: (results: readonly unknown[]) => void;
  readonly fail: (error: unknown) => void;
}

export class EngineQueue {
  readonly #weights: SampledWeights;
  readonly #waiting: Waiting[] = [];
  #wake: () => void = () => undefined;
  #answered = 0;
  #alone = 0;

  /** @param weights which of the engine's weights are sampled */
  constructor(weights: SampledWeights) {
    this.#weights = weights;
  }

  /** How many calls of the engine have been answered. */
  get answered(): number {
    return this.#answered;
  }

  /** Rejects with the reason of `signal`, RefusedRequest, or a ProblemError of the engine. */
  sample(
    items: readonly SampleRequest[],
    { temperature, maximumTokens, seed }: Sampling,
    signal: AbortSignal,
  ): Promise<readonly Completion[][]> {
    const isSeeded = seed !== undefined && temperature > 0;
    const key = `sample ${temperature} ${maximumTokens}`;
    return this.#add<SampleRequest, Completion[]>(
      {
        key: isSeeded ? this.#keyOfItsOwn(key) : key,
        items,
        rows: items.reduce((sum, { samples }) => sum + samples, 0),
        call: (engine, all, either) =>
          engine.sample(
            all,
            { temperature, maximumTokens, seed: seed ?? randomInt(SEEDS), weights: this.#weights },
            either,
          ),
      },
      signal,
    );
  }

  /** Rejects like {@link sample}. */
  score(items: readonly ScoredSequence[], signal: AbortSignal): Promise<readonly TokenScore[][]> {
    return this.#add<ScoredSequence, TokenScore[]>(
      {
        key: 'score',
        items,
        rows: items.length,
        call: (engine, all, either) => engine.scoreTokens(all, either),
      },
      signal,
    );
  }

  /**
   * Works on what waits until `signal` aborts, and leaves what is not done by then to the signals of the
   * requests. Rejects when the engine has ended, whose requests have failed by then; the others go on
   * waiting for another engine.
   */
  async serve(engine: ServedEngine, signal: AbortSignal): Promise<void> {
    const stop = (): void => {
      this.#wake();
    };
    signal.addEventListener('abort', stop);
    try {
      while (!signal.aborted) {
        if (this.#waiting.length === 0) await this.#somethingWaits(signal);
        else await this.#work(engine, this.#takeAlike(), signal);
      }
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  #add<Item, Result>(work: Work<Item, Result>, signal: AbortSignal): Promise<readonly Result[]> {
    signal.throwIfAborted();
    if (this.#waiting.length >= MOST_WAITING) throw tooMany();
    return new Promise((resolve, reject) => {
      const waiting = {
        ...work,
        signal,
        settle: resolve,
        fail: reject,
      } as unknown as Waiting;
      this.#waiting.push(waiting);
      signal.addEventListener(
        'abort',
        () => {
          const place = this.#waiting.indexOf(waiting);
          if (place >= 0) this.#waiting.splice(place, 1);
          waiting.fail(signal.reason);
        },
        { once: true },
      );
      this.#wake();
    });
  }

  #keyOfItsOwn(key: string): string {
    this.#alone += 1;
    return `${key} alone ${this.#alone}`;
  }

  async #somethingWaits(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (signal.aborted) resolve();
    });
    await sleep(GATHER_MS);
  }

  /** The oldest, and those that are like it, as far as one call has room for them. */
  #takeAlike(): Waiting[] {
    const key = this.#waiting[0]?.key;
    const taken: Waiting[] = [];
    let rows = 0;
    for (const one of this.#waiting.filter((other) => other.key === key)) {
      rows += one.rows;
      if (taken.length > 0 && rows > MOST_ROWS) break;
      taken.push(one);
    }
    const others = this.#waiting.filter((one) => !taken.includes(one));
    this.#waiting.splice(0, this.#waiting.length, ...others);
    return taken;
  }

  async #work(engine: ServedEngine, alike: readonly Waiting[], signal: AbortSignal): Promise<void> {
    const [first] = alike;
    if (first === undefined) return;
    const unwanted = new AbortController();
    const abandon = (): void => {
      if (alike.every((one) => one.signal.aborted)) unwanted.abort();
    };
    for (const one of alike) one.signal.addEventListener('abort', abandon);
    try {
      const items = alike.flatMap((one) => one.items);
      const either = AbortSignal.any([signal, unwanted.signal]);
      const results = await first.call(engine, items, either);
      this.#answered += 1;
      let taken = 0;
      for (const one of alike) {
        one.settle(results.slice(taken, taken + one.items.length));
        taken += one.items.length;
      }
    } catch (error) {
      // Whose signal aborted has been told.
      if (signal.aborted || unwanted.signal.aborted) return;
      if (hasEnded(error) || alike.length === 1) {
        for (const one of alike) one.fail(error);
        if (hasEnded(error)) throw error;
      } else {
        // What is wrong may be wrong with one of them alone.
        for (const one of alike) one.key = this.#keyOfItsOwn(one.key);
        this.#waiting.unshift(...alike.filter((one) => !one.signal.aborted));
      }
    } finally {
      for (const one of alike) one.signal.removeEventListener('abort', abandon);
    }
  }
}

function tooMany(): RefusedRequest {
  return new RefusedRequest(429, {
    code: 'too-many-requests',
    message: `More than ${MOST_WAITING} requests wait for the engine.`,
    remedy: 'Send fewer at the same time.',
  });
}
