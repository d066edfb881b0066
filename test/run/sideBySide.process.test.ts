/**
 * What a run needs is started side by side: while the engine starts, the sandbox looks through the
 * held-out tasks, and where one of them fails, nothing of the other is left.
 */
import { ProblemError } from '../../server/protocol/problem.ts';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import type { HeldOutTask } from '../../server/protocol/heldOut.ts';
import { openEngine } from '../../server/src/run/openEngine.ts';
import { prepareNewRun } from '../../server/src/run/prepareRun.ts';
import { createRun, type EngineOpener } from '../../server/src/run/run.ts';
import { RunSteering } from '../../server/src/run/runSteering.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-side-by-side-'));
  mkdirSync(path.join(folder, 'run'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const RIGHT: HeldOutTask = {
  mode: 'deduction',
  program: 'def f(a):\n    return a * 2',
  examples: [{ input: '4', output: '8' }],
  visible: 0,
};
const WRONG: HeldOutTask = { ...RIGHT, examples: [{ input: '4', output: '9' }] };

/** Starts a run of the embedded model with these held-out tasks. */
async function start(
  heldOut: readonly HeldOutTask[],
  opener: EngineOpener,
  steering = new RunSteering(),
): Promise<unknown> {
  const probe = path.join(folder, 'probe.jsonl');
  writeFileSync(probe, heldOut.map((task) => JSON.stringify(task)).join('\n'));
  const prepared = await prepareNewRun([{ probe, steps: 1 }], 'test');
  return createRun(prepared, path.join(folder, 'run'), {
    openEngine: opener,
    listener: () => undefined,
    steering,
  });
}

/** Commands of the processes that this one has started and that are still there. Linux only. */
function children(): string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const status = textOf(`/proc/${name}/status`);
      const isChild = new RegExp(`^PPid:\\s+${String(process.pid)}$`, 'm').test(status);
      return isChild ? [textOf(`/proc/${name}/cmdline`).replaceAll('\0', ' ')] : [];
    });
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // It has ended in this moment.
    return '';
  }
}

test('a wrong held-out task is found while the engine still starts, and ends that', async () => {
  const before = children();
  let engine = 'not asked for';
  const starting = start([RIGHT, WRONG], (_, __, signal) => {
    engine = 'starting';
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        engine = 'given up';
        reject(signal.reason as Error);
      });
    });
  });
  await expect(starting).rejects.toMatchObject({
    code: 'held-out-wrong',
    message: expect.stringContaining('Line 2') as string,
  });
  expect(engine).toBe('given up');
  expect(children()).toEqual(before);
});

test('an engine process that was starting is gone when a held-out task is wrong', async () => {
  const before = children();
  let sawEngine = false;
  const starting = start([WRONG], async (...parts) => {
    const opening = openEngine(...parts);
    sawEngine = children().some((command) => command.includes('azr_engine'));
    return opening;
  });
  await expect(starting).rejects.toMatchObject({ code: 'held-out-wrong' });
  expect(sawEngine).toBe(true);
  expect(children()).toEqual(before);
});

test('an engine that does not start ends the sandbox in the middle of its tasks', async () => {
  const before = children();
  const slow = { ...RIGHT, program: 'def f(a):\n    while True:\n        pass' };
  const startedAt = performance.now();
  const starting = start(
    Array.from({ length: 200 }, () => slow),
    async () => {
      await expect.poll(() => children().length).toBeGreaterThan(before.length);
      throw new ProblemError({
        code: 'engine_failed',
        message: 'It does not start.',
        remedy: 'Mend it.',
      });
    },
  );
  await expect(starting).rejects.toMatchObject({ code: 'engine_failed' });
  // Each of the tasks would take its whole limit.
  expect(performance.now() - startedAt).toBeLessThan(20_000);
  expect(children()).toEqual(before);
});

test('asked to stop at once, neither is waited for', async () => {
  const before = children();
  const steering = new RunSteering();
  const opener: EngineOpener = (_, __, signal) => {
    steering.stop('now');
    return new Promise((_resolve, reject) => {
      reject(signal.reason as Error);
    });
  };
  await expect(start([RIGHT], opener, steering)).rejects.toThrow(/abort/i);
  expect(children()).toEqual(before);
});
