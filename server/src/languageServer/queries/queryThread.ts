/**
 * The language server's end of the thread that reads databases for viewers: a search through millions of
 * rows must keep neither the editor waiting nor another viewer. The thread starts with the first query.
 */
import { Worker } from 'node:worker_threads';

import type { RequestMap } from '../../../protocol/languageMessages.ts';
import { ProblemError } from '../../../protocol/problem.ts';
import type { Databases, FromQueryWorker, QueryName, ToQueryWorker } from './queryMessages.ts';

/** A bundle of its own beside the server's, or its source. */
const PROGRAM = new URL(
  import.meta.url.endsWith('.ts') ? 'queryWorker.ts' : 'queryWorker.mjs',
  import.meta.url,
);

/**
 * Rows of a scan are garbage as soon as they were looked at: with a young heap of V8's own size, a search
 * through a million of them took 100 MB more, and no less time.
 */
const YOUNG_HEAP_MB = 8;
const CLOSING = 'the server is closing';

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

export class QueryThread {
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #lastId = 0;
  #isDisposed = false;

  /**
   * Asks about the runs of `databases`. Rejects with a ProblemError where the answer in this thread
   * would throw one, with `query-thread-ended` when the thread ends first, and when `signal` aborts.
   */
  async ask<Name extends QueryName>(
    name: Name,
    parameters: RequestMap[Name]['parameters'],
    databases: Databases,
    signal: AbortSignal,
  ): Promise<RequestMap[Name]['result']> {
    signal.throwIfAborted();
    if (this.#isDisposed) throw ended(CLOSING);
    const worker = (this.#worker ??= this.#start());
    this.#lastId += 1;
    const id = this.#lastId;
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    });
    const cancel = () => {
      this.#take(id)?.reject(signal.reason);
      post(worker, { kind: 'cancel', id });
    };
    signal.addEventListener('abort', cancel, { once: true });
    post(worker, { kind: 'ask', id, name, parameters, databases });
    try {
      return (await answer) as RequestMap[Name]['result'];
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }

  /** Ends the thread, and with it every query; no other one is answered. */
  async dispose(): Promise<void> {
    this.#isDisposed = true;
    await this.#worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(PROGRAM, {
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_HEAP_MB },
    });
    let reason: string | undefined;
    worker.on('message', (message: FromQueryWorker) => {
      this.#hear(message);
    });
    worker.on('error', (error) => {
      reason = error instanceof Error ? error.message : String(error);
    });
    worker.on('exit', () => {
      // The next query starts another one. All that waited did so for this one.
      this.#worker = undefined;
      const problem = ended(reason ?? (this.#isDisposed ? CLOSING : 'it was stopped'));
      for (const id of [...this.#waiting.keys()]) this.#take(id)?.reject(problem);
    });
    return worker;
  }

  #hear(message: FromQueryWorker): void {
    const waiting = this.#take(message.id);
    switch (message.kind) {
      case 'result':
        waiting?.resolve(message.result);
        break;
      case 'problem':
        waiting?.reject(ProblemError.of(message.problem));
        break;
      case 'defect':
        waiting?.reject(message.error);
    }
  }

  /** Undefined for a query that was cancelled. */
  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }
}

function post(worker: Worker, message: ToQueryWorker): void {
  worker.postMessage(message);
}

function ended(reason: string): ProblemError {
  return new ProblemError({
    code: 'query-thread-ended',
    message: `The thread that reads the databases of runs ended before it answered: ${reason}.`,
    remedy: 'Ask again: the next question starts another one.',
  });
}
