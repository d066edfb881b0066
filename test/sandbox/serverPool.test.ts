/** When a pool starts a server more, and who gets it: scripted servers in scripted time. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type {
  SandboxServer,
  ServerAnswer,
  ServerRequest,
} from '../../server/src/sandbox/pool/sandboxServer.ts';
import { type PoolRequest, ServerPool } from '../../server/src/sandbox/pool/serverPool.ts';

const START_MS = 300;

/** Answers a request after the milliseconds that its body says, with the number of the server. */
class ScriptedServer implements SandboxServer {
  readonly pid: number;
  alive = true;
  served = 0;

  constructor(pid: number) {
    this.pid = pid;
  }

  async handle({ body }: ServerRequest): Promise<ServerAnswer> {
    await wait((body as unknown as { takesMs: number }).takesMs);
    this.served += 1;
    return this.pid as unknown as ServerAnswer;
  }

  kill(): void {
    this.alive = false;
  }

  stop(): Promise<void> {
    this.alive = false;
    return Promise.resolve();
  }
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

let started: number;
let refusal: Error | undefined;

beforeEach(() => {
  vi.useFakeTimers();
  started = 0;
  refusal = undefined;
});

afterEach(() => {
  vi.useRealTimers();
});

async function openPool(
  settings: { workers?: number; requestsPerServer?: number; oneVariantEach?: boolean } = {},
): Promise<ServerPool<ScriptedServer>> {
  const pool = new ServerPool<ScriptedServer>({
    ...{ workers: 2, requestsPerServer: 1000, oneVariantEach: false },
    ...settings,
    start: async () => {
      started += 1;
      const number = started;
      await wait(START_MS);
      if (refusal !== undefined) throw refusal;
      return new ScriptedServer(number);
    },
  });
  const opening = pool.open();
  await vi.advanceTimersByTimeAsync(START_MS);
  await opening;
  return pool;
}

function request(takesMs: number, priority: 'run' | 'user' = 'run'): PoolRequest {
  return {
    ...{ header: {} as PoolRequest['header'], variant: 0, round: 0 },
    body: { takesMs } as unknown as PoolRequest['body'],
    ...{ priority, signal: undefined },
  };
}

/** Asks at once, and tells which server answered when. */
function ask(
  pool: ServerPool<ScriptedServer>,
  requests: readonly PoolRequest[],
): { readonly answers: string[]; readonly all: Promise<unknown> } {
  const answers: string[] = [];
  const since = Date.now();
  const all = Promise.all(
    requests.map(async (one) => {
      const answer = await pool.handle(one).then(
        (server) => String(server as unknown as number),
        (error: unknown) => (error as Error).message,
      );
      answers.push(`${answer} after ${String(Date.now() - since)}`);
    }),
  );
  return { answers, all };
}

test('quick programs share the server that is there, two at a time or not', async () => {
  const pool = await openPool();
  const { answers, all } = ask(pool, [request(20), request(20), request(20), request(20)]);
  await vi.advanceTimersByTimeAsync(1000);
  await all;
  expect(answers).toEqual(['1 after 20', '1 after 40', '1 after 60', '1 after 80']);
  expect(started).toBe(1);
});

test('a program that waits long gets a server of its own, and the next finds both', async () => {
  const pool = await openPool();
  const first = ask(pool, [request(1000), request(1000)]);
  await vi.advanceTimersByTimeAsync(1400);
  // It waits a tenth of a second before the server is started.
  expect(first.answers).toEqual(['1 after 1000', '2 after 1400']);
  const before = started;
  const second = ask(pool, [request(90), request(90)]);
  await vi.advanceTimersByTimeAsync(90);
  expect(second.answers.map((answer) => answer.split(' after ')[1])).toEqual(['90', '90']);
  expect(started).toBe(before);
});

test('a server that becomes free sooner than one is started is taken', async () => {
  const pool = await openPool();
  const { answers, all } = ask(pool, [request(150), request(10)]);
  await vi.advanceTimersByTimeAsync(1000);
  await all;
  expect(answers).toEqual(['1 after 150', '1 after 160']);
});

test('a user waits for nobody: the next free server, or one that is started at once', async () => {
  const pool = await openPool({ workers: 1 });
  const slow = ask(pool, [request(10_000)]);
  const user = ask(pool, [request(10, 'user')]);
  await vi.advanceTimersByTimeAsync(START_MS + 10);
  expect(user.answers).toEqual([`2 after ${String(START_MS + 10)}`]);
  expect(slow.answers).toEqual([]);
});

test('users are served in their order', async () => {
  const pool = await openPool({ workers: 3 });
  ask(pool, [request(50)]);
  const first = ask(pool, [request(10, 'user')]);
  const second = ask(pool, [request(10, 'user')]);
  await vi.advanceTimersByTimeAsync(70);
  expect([first.answers, second.answers]).toEqual([['1 after 60'], ['1 after 70']]);
});

test('a user comes before a program of the run that waits already', async () => {
  const pool = await openPool();
  ask(pool, [request(50)]);
  const run = ask(pool, [request(10)]);
  const user = ask(pool, [request(10, 'user')]);
  await vi.advanceTimersByTimeAsync(70);
  expect(user.answers).toEqual(['1 after 60']);
  expect(run.answers).toEqual(['1 after 70']);
});

test('a run of many quick programs gets the servers it may have, and a user the next free one', async () => {
  const pool = await openPool({ workers: 2 });
  const { answers } = ask(
    pool,
    Array.from({ length: 1000 }, () => request(10)),
  );
  await vi.advanceTimersByTimeAsync(2000);
  // 40 by the first alone, then two at a time.
  expect(answers.length).toBeGreaterThan(40 + 2 * 155);
  expect(new Set(answers.map((answer) => answer.charAt(0)))).toEqual(new Set(['1', '2']));
  expect(started).toBe(2);
  const user = ask(pool, [request(10, 'user')]);
  await vi.advanceTimersByTimeAsync(20);
  expect(user.answers).toHaveLength(1);
});

test('where a run keeps every server, a spare is ready for a user', async () => {
  const pool = await openPool({ workers: 2 });
  ask(pool, [request(100_000), request(100_000)]);
  await vi.advanceTimersByTimeAsync(2000);
  expect(started).toBe(3);
  const user = ask(pool, [request(10, 'user')]);
  await vi.advanceTimersByTimeAsync(10);
  expect(user.answers).toEqual(['3 after 10']);
});

test('short bursts of quick programs, one after another, start none', async () => {
  const pool = await openPool();
  for (let burst = 0; burst < 20; burst += 1) {
    ask(pool, [request(20), request(20), request(20), request(20)]);
    await vi.advanceTimersByTimeAsync(83);
  }
  expect(started).toBe(1);
});

test('where no server more can be started, those at work do', async () => {
  const pool = await openPool();
  refusal = new Error('no more processes');
  const { answers } = ask(pool, [request(10_000), request(10)]);
  await vi.advanceTimersByTimeAsync(10_010);
  expect(answers).toEqual(['1 after 10000', '1 after 10010']);
});

test('whoever waits for a server that dies is told why there is no other', async () => {
  const pool = await openPool();
  refusal = new Error('no more processes');
  const controller = new AbortController();
  const { answers } = ask(pool, [
    { ...request(1000), signal: controller.signal },
    request(10),
    request(10),
  ]);
  await vi.advanceTimersByTimeAsync(100);
  controller.abort(new Error('not needed'));
  await vi.advanceTimersByTimeAsync(1300);
  expect(answers).toEqual([
    'not needed after 100',
    'no more processes after 1300',
    'no more processes after 1300',
  ]);
});

test('one that has served long enough is replaced, for those who wait too', async () => {
  const pool = await openPool({ requestsPerServer: 2 });
  const { answers, all } = ask(pool, [request(10), request(10), request(10)]);
  await vi.advanceTimersByTimeAsync(1000);
  await all;
  expect(answers).toEqual(['1 after 10', '1 after 20', '2 after 330']);
});

test('closing tells those who wait, and leaves no server alive', async () => {
  const pool = await openPool();
  const { answers } = ask(pool, [request(50), request(10), request(10)]);
  await vi.advanceTimersByTimeAsync(5);
  const closing = pool.close();
  await vi.advanceTimersByTimeAsync(50);
  await closing;
  expect(answers).toEqual([
    'The sandbox is closed. after 5',
    'The sandbox is closed. after 5',
    'The sandbox is closed. after 50',
  ]);
  expect(pool.serverPids).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

test('engines whose servers answer one variant each keep them apart', async () => {
  const pool = await openPool({ oneVariantEach: true });
  expect(started).toBe(2);
  const other: PoolRequest = { ...request(20), variant: 1 };
  const { answers, all } = ask(pool, [request(20), other, request(20)]);
  await vi.advanceTimersByTimeAsync(1000);
  await all;
  expect(answers).toEqual(['1 after 20', '2 after 20', '1 after 40']);
  expect(started).toBe(2);
});
