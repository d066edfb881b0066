/**
 * The program of the thread that reads databases for viewers. It answers queries in the order in which
 * they are found: between two windows of a scan it hears what else is asked, and what is cancelled.
 */
import { setImmediate } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';

import { ProblemError } from '../../../protocol/problem.ts';
import { OpenDatabases } from './openDatabases.ts';
import { type OpenQueries, queryAnswer } from './queryAnswers.ts';
import type { AskedQuery, Databases, FromQueryWorker, ToQueryWorker } from './queryMessages.ts';

/** How long a deleted run is held open at most when nothing else is asked. */
const LOOK_MS = 10_000;

const port = parentPort!;
const databases = new OpenDatabases();
const underWay = new Set<number>();

setInterval(() => {
  databases.closeGone();
}, LOOK_MS).unref();

port.on('message', (message: ToQueryWorker) => {
  if (message.kind === 'cancel') underWay.delete(message.id);
  else void answer(message);
});

async function answer(asked: AskedQuery): Promise<void> {
  const { id } = asked;
  underWay.add(id);
  try {
    const result = await found(asked);
    if (underWay.has(id)) post({ id, kind: 'result', result });
  } catch (error) {
    post(
      error instanceof ProblemError
        ? { id, kind: 'problem', problem: error.toProblem() }
        : { id, kind: 'defect', error },
    );
  } finally {
    underWay.delete(id);
  }
}

/** The whole answer; undefined as soon as the query was cancelled. */
async function found(asked: AskedQuery): Promise<unknown> {
  let open = opened(asked.databases);
  let scan = queryAnswer(open, asked);
  for (;;) {
    const window = scan.next();
    if (window.done === true) return window.value;
    await setImmediate();
    if (!underWay.has(asked.id)) return undefined;
    const now = opened(asked.databases);
    if ([...now].every(([runId, queries]) => open.get(runId) === queries)) continue;
    // A run was replaced by another one, whose rows have nothing to do with those found so far.
    open = now;
    scan = queryAnswer(open, asked);
  }
}

function opened(paths: Databases): OpenQueries {
  return new Map([...paths].map(([runId, path]) => [runId, databases.queries(path)]));
}

function post(message: FromQueryWorker): void {
  port.postMessage(message);
}
