/** Many programs at once: fairness, cancellation, bounds, and nothing left behind. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { DEFAULT_HARNESS_PATH } from '../../server/src/sandbox/native/forkServer.ts';
import {
  oneEngineOfEachKind,
  type EngineOptions,
  type TestedSandbox,
  withSandbox,
} from './engines.ts';
import { relatedProcesses } from './processTable.ts';

const ADD = 'def f(x, y=0):\n    return x + y';
const LOOP = 'def f(x):\n    while True: pass';

const folder = mkdtempSync(path.join(tmpdir(), 'azr-pool-'));
symlinkSync(path.dirname(DEFAULT_HARNESS_PATH), path.join(folder, 'harness'));
const harnessPath = path.join(folder, 'harness', path.basename(DEFAULT_HARNESS_PATH));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Processes of this test's sandboxes only, tests of other files may run beside it. */
function jailProcesses(): number[] {
  return relatedProcesses(-1, folder);
}

function statesOf(pids: readonly number[]): string[] {
  return pids.map((pid) => {
    try {
      const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
      return status.charAt(status.lastIndexOf(')') + 2);
    } catch {
      return 'gone';
    }
  });
}

const { available, missing } = await oneEngineOfEachKind();
for (const { name, reason } of missing) test.skip(`${name}: not tried, because ${reason}`);

describe.each(available)('$name', (engine) => {
  async function withMarkedSandbox(
    options: EngineOptions,
    use: (sandbox: TestedSandbox) => Promise<void>,
  ): Promise<void> {
    await withSandbox(engine, { harnessPath, ...options }, use);
    // A killed process stays in the list until its parent has taken note of its end.
    await expect.poll(jailProcesses, { timeout: 5_000 }).toEqual([]);
  }

  /** Nine reruns by a user, one after the other, while `occupy` fills the pool; `after` follows each. */
  async function rerunMeanwhile(
    sandbox: TestedSandbox,
    occupy: (signal: AbortSignal) => Promise<unknown>,
    after: () => void = () => undefined,
  ): Promise<void> {
    const controller = new AbortController();
    const occupied = occupy(controller.signal).catch(() => undefined);
    await delay(500);
    for (let count = 0; count < 9; count += 1) {
      const { output } = await sandbox.run(ADD, '20, 22', { priority: 'user' });
      expect(output).toBe('42');
      after();
    }
    controller.abort(new Error('enough'));
    await occupied;
  }

  // Judged by what else was done meanwhile, since a busy machine makes everything slow alike.
  test('a rerun does not wait for the thousands of quick programs of a run', () =>
    withMarkedSandbox({ workers: 2 }, async (sandbox) => {
      let done = 0;
      const flood = (signal: AbortSignal): Promise<unknown> =>
        Promise.all(
          Array.from({ length: 5_000 }, async (_, x) => {
            await sandbox.run(ADD, String(x), { signal });
            done += 1;
          }),
        );
      let before: number | undefined;
      const doneMeanwhile: number[] = [];
      await rerunMeanwhile(sandbox, flood, () => {
        if (before !== undefined) doneMeanwhile.push(done - before);
        before = done;
      });
      // The two workers of the run go on beside it. In line with the others it would wait for all.
      expect(done).toBeLessThan(5_000);
      expect(Math.max(...doneMeanwhile)).toBeLessThan(500);
    }));

  test('a rerun does not wait for the programs of a run that hang', () =>
    withMarkedSandbox(
      { workers: 2, limits: { cpuMs: 60_000, wallMs: 60_000 } },
      async (sandbox) => {
        const hang = (signal: AbortSignal): Promise<unknown> =>
          Promise.all([1, 2, 3, 4].map((x) => sandbox.run(LOOP, String(x), { signal })));
        const startedMs = performance.now();
        await rerunMeanwhile(sandbox, hang);
        // Of four programs that hang for a minute, two would have to end before it.
        expect(performance.now() - startedMs).toBeLessThan(50_000);
      },
    ));

  test('what waits is held back: no more programs run than there are workers', () =>
    withMarkedSandbox({ workers: 2 }, async (sandbox) => {
      const idle = jailProcesses().length;
      const controller = new AbortController();
      const slow = 'def f(x):\n    return sum(range(2_000_000)) * 0 + x';
      let done = 0;
      const runSlow = async (x: number): Promise<void> => {
        await sandbox.run(slow, String(x), { signal: controller.signal });
        done += 1;
      };
      const waiting = Promise.allSettled(Array.from({ length: 500 }, (_, x) => runSlow(x)));
      await expect.poll(() => done, { interval: 20 }).toBeGreaterThan(3);
      // Servers started meanwhile: one more worker and one spare, of at most three processes each.
      expect(jailProcesses().length).toBeLessThanOrEqual(idle + 2 + 2 * 3);
      const cancelled = performance.now();
      controller.abort(new Error('not needed'));
      const results = await waiting;
      expect(performance.now() - cancelled).toBeLessThan(1_000);
      expect(results.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(400);
      expect((await sandbox.run(ADD, '1, 2')).output).toBe('3');
    }));

  test('a program that hangs costs under 100 ms beyond its limit', () =>
    withMarkedSandbox({ workers: 1, limits: { cpuMs: 10_000, wallMs: 300 } }, async (sandbox) => {
      const sleep = 'import time\ndef f(x):\n    time.sleep(60)';
      const beyond: number[] = [];
      for (let count = 0; count < 5; count += 1) {
        const started = performance.now();
        expect((await sandbox.run(sleep, '1')).outcome).toBe('timeout');
        expect((await sandbox.run(ADD, '1, 2')).output).toBe('3');
        beyond.push(performance.now() - started - 300);
      }
      expect(beyond.sort((left, right) => left - right)[2]).toBeLessThan(100);
    }));

  test('thousands of programs leave no process, zombie or descriptor behind', () =>
    withMarkedSandbox({ workers: 2, requestsPerServer: 150 }, async (sandbox) => {
      const inputs = Array.from({ length: 10 }, (_, x) => String(x));
      const flood = async (count: number): Promise<void> => {
        const batches = await Promise.all(
          Array.from({ length: count }, (_, index) =>
            sandbox.runBatch(ADD, inputs, { variant: index % 2 === 0 ? 0 : 1 }),
          ),
        );
        expect(batches.flat().every(({ outcome }) => outcome === 'ok')).toBe(true);
      };
      await flood(100);
      const before = sandbox.serverPids;
      const descriptors = readdirSync('/proc/self/fd').length;
      await flood(500);
      await delay(300);
      const processes = jailProcesses();
      expect(statesOf(processes)).not.toContain('Z');
      // Servers in place at first have been replaced by now.
      expect(before.some((pid) => !processes.includes(pid))).toBe(true);
      // Two workers and a spare for each of two variants, of at most three processes each.
      expect(processes.length).toBeLessThanOrEqual(2 * 3 * 3);
      // Three pipes lead to each server.
      const spare = 3 * sandbox.serverPids.length;
      expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(descriptors + spare);
      for (const pid of processes) {
        // Node alone has some thirty; one leaked by each request would be more than a hundred.
        expect(readdirSync(`/proc/${pid}/fd`).length).toBeLessThan(64);
      }
    }));
});
