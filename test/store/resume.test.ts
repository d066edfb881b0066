import { DatabaseSync } from 'node:sqlite';

import { expect, test } from 'vitest';

import type { RunSettings } from '../../server/protocol/settings.ts';
import { runLoop } from '../../server/src/method/loop.ts';
import { SqliteRunStore } from '../../server/src/store/writer/sqliteRunStore.ts';
import { linearPolicy } from '../method/linearWorld.ts';
import { loopFixture } from '../method/loopFixture.ts';
import { ScriptedEngine } from '../method/scriptedEngine.ts';
import { sampleInformation } from './sampleRun.ts';
import { temporaryPath } from './temporaryRun.ts';

const SETTINGS: Partial<RunSettings> = {
  ...{ steps: 6, checkpointEverySteps: 3, bufferCapacity: 8 },
  ...{ replayTasksPerMode: 2, unsolvedTasksPerMode: 2 },
  ...{ goldLossWeight: 1, goldDocumentsPerStep: 24, harvestInputs: 4 },
  ...{ learningRateDecay: 'cosine', warmUpSteps: 2 },
  ...{ startingProposals: 0.5, goldUpdatesPerStep: 2 },
};

/** Runs `store` on to step `last`, with the weights that `engine` holds. */
async function runTo(store: SqliteRunStore, engine: ScriptedEngine, last: number): Promise<void> {
  const { dependencies } = loopFixture({ settings: SETTINGS, engine });
  const stopAfterStep = () => store.counters().lastStep === last;
  const signal = new AbortController().signal;
  // No two clocks tell the same time.
  const clock = { now: () => 0 };
  await runLoop({ ...dependencies, store, clock }, { stopAfterStep, signal });
}

/** Every row of what a step leaves behind. */
function rowsOf(path: string): Record<string, unknown[]> {
  const database = new DatabaseSync(path, { readOnly: true });
  const tables = ['task', 'proposal', 'rollout', 'reward_term', 'baseline', 'metric'];
  const learned = ['task_attempt', 'harvest', 'gold_document'];
  const rows = [...tables, ...learned].map((table) => {
    const all = database.prepare(`SELECT * FROM ${table}`).all();
    return [table, all.map((row) => ({ ...row }))] as const;
  });
  database.close();
  return Object.fromEntries(rows);
}

test('a run that goes on from its run.db alone leaves the rows of an unbroken one', async () => {
  const [whole, broken] = [temporaryPath(), temporaryPath()];
  const unbroken = SqliteRunStore.create(whole, sampleInformation());
  await runTo(unbroken, new ScriptedEngine(linearPolicy), 6);
  unbroken.close();

  const first = SqliteRunStore.create(broken, sampleInformation());
  const engine = new ScriptedEngine(linearPolicy);
  await runTo(first, engine, 5);
  first.close();
  const resumed = SqliteRunStore.open(broken);
  // Killed after its step 5: back to the checkpoint of step 3.
  resumed.discardStepsAfter(3);
  const revived = new ScriptedEngine(linearPolicy, {}, engine.checkpoints);
  await revived.loadCheckpoint('step-000003');
  await runTo(resumed, revived, 6);
  resumed.close();

  const rows = rowsOf(whole);
  expect(rowsOf(broken)).toEqual(rows);
  for (const [table, all] of Object.entries(rows)) {
    expect(all.length, table).toBeGreaterThan(10);
  }
});
