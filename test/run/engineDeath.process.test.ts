/** The real engine, killed in the middle of each kind of work: the run goes on as if nothing had been. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import type { Engine } from '../../server/protocol/engine.ts';
import type { RunEvent } from '../../server/protocol/events.ts';
import { openEngine } from '../../server/src/run/openEngine.ts';
import { prepareNewRun } from '../../server/src/run/prepareRun.ts';
import { createRun, type EngineOpener } from '../../server/src/run/run.ts';
import { RunSteering } from '../../server/src/run/runSteering.ts';
import { childrenRunning } from './faults/faultyWorld.ts';
import { rowsOf } from './rows.ts';

const SETTINGS = {
  ...{ steps: 2, seed: 5, seedTasks: 4, probe: 'none', checkpointEverySteps: 1 },
  ...{ proposalsPerMode: 2, estimationRollouts: 4, replayTasksPerMode: 0 },
  ...{ goldLossWeight: 1, goldDocumentsPerStep: 12, harvestInputs: 3 },
};
/** Time for a request to reach the engine, and not for it to be answered. */
const UNDER_WAY_MS = 25;

let folder: string;

beforeAll(() => {
  // With one thread the sums of floating-point numbers are taken in one order.
  process.env['OMP_NUM_THREADS'] = '1';
  folder = mkdtempSync(path.join(tmpdir(), 'azr-engine-death-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

async function run(name: string, opener: EngineOpener): Promise<readonly RunEvent[]> {
  const events: RunEvent[] = [];
  const prepared = await prepareNewRun([SETTINGS], 'the test of dying engines');
  const { outcome } = await createRun(prepared, path.join(folder, name), {
    openEngine: opener,
    listener: (event) => events.push(event),
    steering: new RunSteering(),
  });
  expect(outcome).toEqual({ reason: 'steps', lastStep: SETTINGS.steps });
  return events;
}

type Work = 'sample' | 'update' | 'saveCheckpoint';

/** Kills the engine's process once in each kind of work, at its `turn`-th request of that kind. */
class Assassin {
  readonly killed: Work[] = [];
  readonly #turns: Record<Work, number> = { sample: 6, update: 1, saveCheckpoint: 2 };

  watch(engine: Engine): Engine {
    return new Proxy(engine, {
      get: (object, name: keyof Engine) => {
        const member = object[name];
        if (typeof member !== 'function') return member;
        if (name === 'sample' || name === 'update' || name === 'saveCheckpoint') this.#count(name);
        return (member as (...words: unknown[]) => unknown).bind(object);
      },
    });
  }

  #count(work: Work): void {
    this.#turns[work] -= 1;
    if (this.#turns[work] !== 0) return;
    setTimeout(() => {
      const [pid] = childrenRunning(process.pid, 'azr_engine');
      if (pid === undefined) return;
      process.kill(pid, 'SIGKILL');
      this.killed.push(work);
    }, UNDER_WAY_MS);
  }
}

test('killed while it samples, updates and saves, it leaves the rows of an unbroken run', async () => {
  await run('whole', openEngine);
  const assassin = new Assassin();
  const events = await run('broken', async (...request) =>
    assassin.watch(await openEngine(...request)),
  );

  expect(assassin.killed.toSorted()).toEqual(['sample', 'saveCheckpoint', 'update']);
  const restarts = events.filter(
    (event) => event.kind === 'notice' && event.message.includes('It is started again.'),
  );
  expect(restarts).toHaveLength(3);
  const [broken, whole] = ['broken', 'whole'].map((name) => rowsOf(path.join(folder, name)));
  expect(broken).toEqual(whole);
}, 300_000);
