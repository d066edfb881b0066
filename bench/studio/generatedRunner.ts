/**
 * A runner whose loop costs nothing: it commits generated steps and announces them through the real
 * store and endpoint, as fast as asked. Usage: generatedRunner.ts <run folder> <tasks a second> <seconds>.
 * Prints when each step was committed, as JSON.
 */
import { setTimeout as delay } from 'node:timers/promises';

import { PROTOCOL_VERSION } from '../../server/protocol/version.ts';
import { createRunFolder } from '../../server/src/runFolder/createRunFolder.ts';
import { RunnerPresence } from '../../server/src/run/endpoint/runnerPresence.ts';
import { RunSteering } from '../../server/src/run/runSteering.ts';
import { completeSettings, presetDepartures } from '../../server/src/settings/settings.ts';
import { SqliteRunStore } from '../../server/src/store/writer/sqliteRunStore.ts';
import { generatedSteps } from '../scale/generatedSteps.ts';

export interface GeneratedRunReport {
  readonly tasks: number;
  readonly seconds: number;
  /** Milliseconds since the epoch, by step. */
  readonly committedAt: readonly number[];
}

const [folder = '', tasksPerSecond = '1000', seconds = '60'] = process.argv.slice(2);
const wanted = Number(tasksPerSecond) * Number(seconds);
const run = createRunFolder(folder);
const steering = new RunSteering();
const presence = await RunnerPresence.open(run, steering);
const settings = completeSettings([{ steps: 1_000_000, estimationRollouts: 8 }], 'generated');
const store = SqliteRunStore.create(run.database, {
  createdAt: new Date().toISOString(),
  protocolVersion: PROTOCOL_VERSION,
  settings,
  departures: presetDepartures(settings),
  dialect: 'compact',
  modelDigest: `sha256:${'0'.repeat(64)}`,
});
steering.started();
const announce = presence.announcing(() => undefined);
const committedAt: number[] = [];
const startedAt = performance.now();
let tasks = 0;
for (const record of generatedSteps({ tasks: wanted, seed: 1 })) {
  for (const { mode, program, examples, solveRate } of record.tasks) {
    const [{ input, output } = { input: '', output: '' }] = examples;
    announce({
      ...{ kind: 'task', step: record.step, mode, program, input, output },
      ...(solveRate !== undefined && { solveRate }),
    });
  }
  store.commitStep(record);
  committedAt.push(Date.now());
  presence.committed(store.reader.sequence());
  announce({
    kind: 'step',
    step: record.step,
    durationMs: record.durationMs,
    generatedTokens: 0,
    trainedTokens: 0,
    metrics: record.metrics,
  });
  tasks += record.tasks.length;
  // Also when it is late: the endpoint has to get its turn.
  await delay(
    Math.max(0, (tasks / Number(tasksPerSecond)) * 1000 - (performance.now() - startedAt)),
  );
  if (steering.stopWanted !== undefined) break;
}
const report: GeneratedRunReport = {
  tasks,
  seconds: (performance.now() - startedAt) / 1000,
  committedAt,
};
process.stdout.write(JSON.stringify(report));
store.close();
await presence.close({ kind: 'stopped' });
