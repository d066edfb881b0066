import { existsSync, mkdtempSync, readdirSync, readlinkSync, renameSync, rmSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate, setTimeout as delay } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';

import { generateRun } from '../../bench/scale/generate.ts';
import type { TableQuery } from '../../server/protocol/queries.ts';
import type { Databases } from '../../server/src/languageServer/queries/queryMessages.ts';
import { QueryThread } from '../../server/src/languageServer/queries/queryThread.ts';
import { comparisonReport } from '../../server/src/runs/comparison/comparisonReport.ts';
import { RunReader } from '../../server/src/store/runReader.ts';
import { WholeQueries } from '../store/wholeQueries.ts';
import { storeErrorOf } from '../store/temporaryRun.ts';

const SIGNAL = new AbortController().signal;
const RUN = { runId: 'run' };
/** Goes through all rollouts, in 40 windows. */
const SEARCH: TableQuery = {
  ...RUN,
  ...{ table: 'rollouts', sort: 'id', descending: true, limit: 100 },
  filter: { text: 'zebra crossing' },
};

/** The run's database. */
const at = (file: string): Databases => new Map([[RUN.runId, file]]);

let folder: string;
let database: string;
let databases: Databases;
let thread: QueryThread;
/** Threads that were started, as Node tells of them. */
let workers: Worker[];

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-query-thread-'));
  database = path.join(folder, 'run.db');
  databases = at(database);
  generateRun(database, { tasks: 2000, seed: 7 });
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function noteWorker(worker: Worker): void {
  workers.push(worker);
}

beforeEach(() => {
  thread = new QueryThread();
  workers = [];
  process.on('worker', noteWorker);
});

afterEach(async () => {
  process.off('worker', noteWorker);
  await thread.dispose();
});

/** What a query is refused with; fails when it is answered. */
async function refusal(asked: Promise<unknown>): Promise<unknown> {
  return asked.then(
    () => expect.unreachable('It was answered.'),
    (error: unknown) => error,
  );
}

/** Files below `folder` that this process holds open, deleted ones too. */
function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((descriptor) => {
    try {
      const file = readlinkSync(`/proc/self/fd/${descriptor}`);
      return file.startsWith(folder) ? [file] : [];
    } catch {
      return [];
    }
  });
}

test('a long search keeps neither another query waiting nor this thread', async () => {
  const order: string[] = [];
  const note = (what: string) => () => order.push(what);
  // The thread is started, and the database opened, before anything is compared.
  const names = await thread.ask('azr/metricNames', RUN, databases, SIGNAL);
  const search = thread.ask('azr/table', SEARCH, databases, SIGNAL);
  const curve = { ...RUN, names: names.slice(0, 2), afterStep: -1, maximumPoints: 10 };
  await Promise.all([
    search.then(note('search')),
    thread.ask('azr/metrics', curve, databases, SIGNAL).then(note('curves')),
    setImmediate().then(note('this thread')),
  ]);
  expect(order).toEqual(['this thread', 'curves', 'search']);
  expect(await search).toEqual({ items: [] });
});

test('what is cancelled ends at once, and is not looked for any longer', async () => {
  await thread.ask('azr/metricNames', RUN, databases, SIGNAL);
  const controllers = Array.from({ length: 200 }, () => new AbortController());
  const searches = controllers.map(({ signal }) =>
    refusal(thread.ask('azr/table', SEARCH, databases, signal)),
  );
  for (const controller of controllers) controller.abort();
  for (const error of await Promise.all(searches))
    expect(error).toMatchObject({ name: 'AbortError' });
  await thread.ask('azr/metricNames', RUN, databases, SIGNAL);
  // Going on with all of them would keep the thread busy for far longer.
  const utilization = async () => {
    const before = workers[0]!.performance.eventLoopUtilization();
    await delay(300);
    return workers[0]!.performance.eventLoopUtilization(before).utilization;
  };
  await expect.poll(utilization, { timeout: 5000 }).toBeLessThan(0.2);
  expect(
    await refusal(thread.ask('azr/table', SEARCH, databases, AbortSignal.abort())),
  ).toMatchObject({ name: 'AbortError' });
});

test('a thread that ends fails what was asked of it, and another one takes its place', async () => {
  await thread.ask('azr/metricNames', RUN, databases, SIGNAL);
  const asked = [SEARCH, SEARCH].map((query) =>
    refusal(thread.ask('azr/table', query, databases, SIGNAL)),
  );
  await workers[0]!.terminate();
  for (const error of await Promise.all(asked)) {
    expect(error).toMatchObject({
      code: 'query-thread-ended',
      message: expect.stringContaining('ended before it answered: it was stopped.') as string,
      remedy: expect.stringContaining('Ask again') as string,
    });
  }
  expect(await thread.ask('azr/table', SEARCH, databases, SIGNAL)).toEqual({ items: [] });
  expect(workers).toHaveLength(2);
});

test('disposal leaves no thread and no open file, and answers nothing any more', async () => {
  await thread.ask('azr/metricNames', RUN, databases, SIGNAL);
  const asked = refusal(thread.ask('azr/table', SEARCH, databases, SIGNAL));
  expect(openFiles()).toContain(database);
  await thread.dispose();
  expect(await asked).toMatchObject({ code: 'query-thread-ended' });
  expect(workers.map(({ threadId }) => threadId)).toEqual([-1]);
  expect(openFiles()).toEqual([]);
  expect(await refusal(thread.ask('azr/metricNames', RUN, databases, SIGNAL))).toMatchObject({
    message: expect.stringContaining('the server is closing') as string,
  });
  expect(workers).toHaveLength(1);
});

test('problems are those of this thread', async () => {
  const text = path.join(folder, 'text.db');
  writeFileSync(text, 'Not a database, but as long as the header of one would be. '.repeat(20));
  const gone = path.join(folder, 'gone.db');
  for (const file of [text, gone]) {
    const problem = storeErrorOf(() => WholeQueries.open(file)).toProblem();
    const error = await refusal(thread.ask('azr/table', SEARCH, at(file), SIGNAL));
    expect(error).toMatchObject({ name: 'ProblemError', ...problem });
  }
  const damaged = path.join(folder, 'damaged.db');
  generateRun(damaged, { tasks: 100, seed: 7 });
  const writer = new DatabaseSync(damaged);
  writer.exec("UPDATE rollout SET verdict = 'odd'");
  writer.close();
  const queries = WholeQueries.open(damaged);
  for (const query of [
    { ...SEARCH, filter: {} },
    { ...SEARCH, cursor: 'nowhere' },
  ]) {
    const problem = storeErrorOf(() => queries.table(query)).toProblem();
    const error = await refusal(thread.ask('azr/table', query, at(damaged), SIGNAL));
    expect(error).toMatchObject({ name: 'ProblemError', ...problem });
  }
  queries.close();
});

test('a database that another one replaces is read anew, and one that is gone is let go', async () => {
  const place = path.join(folder, 'replaced.db');
  const other = path.join(folder, 'other.db');
  const all = { ...RUN, order: 'newest', limit: 200 } as const;
  const steps = async () => {
    const { items } = await thread.ask('azr/steps', all, at(place), SIGNAL);
    return items.length;
  };
  generateRun(place, { tasks: 80, seed: 1 });
  generateRun(other, { tasks: 160, seed: 1 });
  expect(await steps()).toBe(2);
  renameSync(other, place);
  expect(await steps()).toBe(4);
  expect(openFiles()).toContain(place);
  rmSync(place);
  await thread.ask('azr/metricNames', RUN, databases, SIGNAL);
  expect(existsSync(place)).toBe(false);
  expect(openFiles().filter((file) => file.startsWith(place))).toEqual([]);
});

test('a comparison reads every run from its own database', async () => {
  const other = path.join(folder, 'compared.db');
  generateRun(other, { tasks: 80, seed: 5 });
  const places: Databases = new Map([
    ['first', database],
    ['second', other],
  ]);
  const measurements = [{ runId: 'second' }, { runId: 'first' }];
  const readers = new Map([...places].map(([runId, file]) => [runId, RunReader.open(file)]));
  const scan = comparisonReport({ measurements }, (runId) => readers.get(runId)!);
  let window = scan.next();
  while (window.done !== true) window = scan.next();
  expect(window.value.differences).not.toEqual([]);
  expect(await thread.ask('azr/comparison', { measurements }, places, SIGNAL)).toEqual(
    window.value,
  );
  for (const reader of readers.values()) reader.close();
});
