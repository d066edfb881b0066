/**
 * One long run with a scripted model and the real sandbox. What a run holds must not grow with its
 * length: memory, handles, processes, the growth of its database per step, and the time that the runner
 * itself takes for a step.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { prepareNewRun } from '../../server/src/run/prepareRun.ts';
import { createRun } from '../../server/src/run/run.ts';
import { RunSteering } from '../../server/src/run/runSteering.ts';
import { ScriptedEngine } from '../../test/run/fixtures/scriptedEngine.ts';
import { writeScriptedModel } from '../../test/run/fixtures/scriptedModel.ts';
import { startedProcesses } from '../sandbox/processCosts.ts';

const SECTIONS = 10;

interface Reading {
  readonly step: number;
  readonly residentMb: number;
  readonly heapMb: number;
  readonly handles: number;
  readonly processes: number;
  readonly databaseKb: number;
  readonly ownCpuMs: number;
  readonly wallMs: number;
}

/** Runs it and prints a table in Markdown. */
export async function soak(steps: number): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'azr-reliability-'));
  try {
    print(await readings(steps, folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function read(step: number, folder: string): Reading {
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const size = (name: string): number =>
    statSync(path.join(folder, 'run', name), { throwIfNoEntry: false })?.size ?? 0;
  return {
    step,
    residentMb: rss / 2 ** 20,
    heapMb: heapUsed / 2 ** 20,
    handles: process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0,
    processes: startedProcesses().length,
    databaseKb: (size('run.db') + size('run.db-wal')) / 1024,
    ownCpuMs: (user + system) / 1000,
    wallMs: performance.now(),
  };
}

async function readings(steps: number, folder: string): Promise<readonly Reading[]> {
  const settings = {
    ...{ model: writeScriptedModel(folder), steps, seed: 7, seedTasks: 6, probe: 'none' },
    // Full after a few dozen steps: what is remembered of each task beyond that is a digest.
    bufferCapacity: 256,
    ...{ proposalsPerMode: 4, estimationRollouts: 4, checkpointEverySteps: 50, checkpointsKept: 2 },
  };
  const found: Reading[] = [];
  await createRun(await prepareNewRun([settings], 'the soak'), path.join(folder, 'run'), {
    openEngine: (_, run) => Promise.resolve(new ScriptedEngine(run.checkpoints)),
    listener: (event) => {
      if (event.kind !== 'step' || event.step % (steps / SECTIONS) !== 0) return;
      found.push(read(event.step, folder));
    },
    steering: new RunSteering(),
  });
  return found;
}

function print(readings: readonly Reading[]): void {
  console.log(
    '| steps | resident MB | heap MB | handles | processes | run.db KB/step | own CPU ms/step | wall ms/step |',
  );
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
  for (const [index, after] of readings.entries()) {
    const before = readings[index - 1];
    if (before === undefined) continue;
    const count = after.step - before.step;
    const perStep = (name: 'databaseKb' | 'ownCpuMs' | 'wallMs'): string =>
      ((after[name] - before[name]) / count).toFixed(1);
    const cells = [
      `${before.step}–${after.step}`,
      ...[after.residentMb, after.heapMb].map((size) => size.toFixed(0)),
      ...[after.handles, after.processes],
      ...[perStep('databaseKb'), perStep('ownCpuMs'), perStep('wallMs')],
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}
