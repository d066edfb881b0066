/** What a server that hangs or dies under a program costs: scripted servers in scripted time. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  type SandboxServer,
  SERVER_DIED,
  SERVER_HUNG,
  type ServerAnswer,
} from '../../server/src/sandbox/pool/sandboxServer.ts';
import { type PoolRequest, ServerPool } from '../../server/src/sandbox/pool/serverPool.ts';

const WALL_MS = 1_000;
const EXECUTIONS = 3;

/** What comes of one try, and after how long. */
type Try = readonly [afterMs: number, answer: ServerAnswer];

/** Answers with what the next try is to end with, or dies when it is killed. */
class ScriptedServer implements SandboxServer {
  readonly pid = undefined;
  alive = true;
  served = 0;
  readonly #tries: Try[];
  #die: () => void = () => undefined;

  constructor(tries: Try[]) {
    this.#tries = tries;
  }

  async handle(): Promise<ServerAnswer> {
    const [afterMs, answer] = this.#tries.shift()!;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        if (typeof answer === 'string') this.alive = false;
        resolve(answer);
      }, afterMs);
      this.#die = () => {
        clearTimeout(timer);
        resolve(SERVER_DIED);
      };
    });
  }

  kill(): void {
    this.alive = false;
    this.#die();
  }

  stop(): Promise<void> {
    this.kill();
    return Promise.resolve();
  }
}

const REQUEST: PoolRequest = {
  header: {
    ...{ cpuMs: WALL_MS, wallMs: WALL_MS, memoryMb: 64 },
    ...{ executions: EXECUTIONS, payloadBytes: 1_000 },
  },
  body: {
    ...{ operation: 'run', program: '', inputs: ['1', '2', '3'], nonce: '' },
    ...{ outputCharacters: 100, stdoutCharacters: 100 },
  },
  ...{ variant: 0, round: 0, priority: 'run', signal: undefined },
};
const ANSWER = {} as ServerAnswer;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Asks once; tells the answer, after how long it came, and how many tries were left. */
async function ask(...tries: Try[]) {
  const pool = new ServerPool<ScriptedServer>({
    ...{ oneVariantEach: false, workers: 1, requestsPerServer: 1_000 },
    start: () => Promise.resolve(new ScriptedServer(tries)),
  });
  await pool.open();
  const since = Date.now();
  const asked = pool.handle(REQUEST).then((answer) => ({ answer, tookMs: Date.now() - since }));
  await vi.advanceTimersByTimeAsync(60_000);
  const told = { ...(await asked), triesLeft: tries.length };
  await pool.close();
  return told;
}

test('a program under which a server hung is not tried again', async () => {
  const told = await ask([8_000, SERVER_HUNG], [10, ANSWER]);
  expect(told).toEqual({ answer: SERVER_HUNG, tookMs: 8_000, triesLeft: 1 });
});

test('a server that was killed costs the program one more try', async () => {
  const told = await ask([50, SERVER_DIED], [10, ANSWER]);
  expect(told).toEqual({ answer: ANSWER, tookMs: 60, triesLeft: 0 });
});

test('both tries together have the time of one', async () => {
  const told = await ask([2_900, SERVER_DIED], [50_000, ANSWER]);
  expect(told.answer).toBe(SERVER_HUNG);
  // Two seconds more, for the first request of a new server.
  expect(told.tookMs).toBeLessThanOrEqual(EXECUTIONS * WALL_MS + 2_000);
});

test('one that is killed twice is given up', async () => {
  const told = await ask([50, SERVER_DIED], [50, SERVER_DIED], [10, ANSWER]);
  expect(told).toMatchObject({ answer: SERVER_DIED, triesLeft: 1 });
});
