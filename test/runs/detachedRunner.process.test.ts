import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { FromRunner, RunnerAddress } from '../../server/protocol/runnerMessages.ts';
import type { RunId, RunOverview, RunState } from '../../server/protocol/runs.ts';
import { enginePython } from '../../server/src/machine/enginePython.ts';
import { RunCatalog } from '../../server/src/runs/runCatalog.ts';
import { runFolderAt } from '../../server/src/runFolder/runFolder.ts';
import { readRunnerAddress } from '../../server/src/runFolder/runnerAddress.ts';
import { RunnerClient } from '../../server/src/runs/runnerClient.ts';
import { RunReader } from '../../server/src/store/runReader.ts';
import { programPath } from '../programs/programs.ts';
import { writeScriptedModel } from '../run/fixtures/scriptedModel.ts';

const NODE = [process.execPath, '--disable-warning=ExperimentalWarning'];
const STARTER = programPath('starter');
const SCRIPTED = [...NODE, programPath('scriptedCli')];
const REAL = [...NODE, programPath('cli')];
const ENDLESS = 1000;
const LONG = { timeout: 20_000, interval: 50 };

let folder: string;
let model: string;
let catalogs: RunCatalog[];
let children: ChildProcess[];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-detached-'));
  model = writeScriptedModel(folder);
  catalogs = [];
  children = [];
});

afterEach(async () => {
  await Promise.all(catalogs.map((catalog) => catalog.dispose()));
  for (const child of children) child.kill('SIGKILL');
  for (const { pid } of addresses()) process.kill(pid, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** Of the runners that a test left behind. */
function addresses(): RunnerAddress[] {
  const runs = path.join(folder, 'runs');
  const names = existsSync(runs) ? readdirSync(runs) : [];
  return names
    .flatMap((name) => readRunnerAddress(runFolderAt(path.join(runs, name))) ?? [])
    .filter(({ pid }) => isAlive(pid));
}

interface Watched {
  readonly catalog: RunCatalog;
  readonly ended: RunOverview[];
  state(runId: RunId): RunState | undefined;
  step(runId: RunId): number;
}

async function watch(cliProgram = SCRIPTED, pythonPath = ''): Promise<Watched> {
  const ended: RunOverview[] = [];
  const catalog = new RunCatalog({
    searchFolders: [folder],
    cliProgram,
    pythonPath,
    engineKeys: new Map(),
    onChange: () => undefined,
    onEnded: (run) => ended.push(run),
  });
  catalogs.push(catalog);
  await catalog.scan();
  const overview = (runId: RunId) => catalog.overviews().find(({ id }) => id === runId);
  return {
    catalog,
    ended,
    state: (runId) => overview(runId)?.state,
    step: (runId) => overview(runId)?.lastStep ?? -1,
  };
}

function startRun(catalog: RunCatalog, settings: Record<string, unknown> = {}): Promise<RunId> {
  const request = { parentFolder: folder, settings: { model, steps: ENDLESS, ...settings } };
  return catalog.start(request, new AbortController().signal);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

describe('a detached run', () => {
  test('is paused, goes on, and stops, as every window sees', async () => {
    const one = await watch();
    const runId = await startRun(one.catalog);
    const run = one.catalog.run(runId).folder;
    const { pid } = readRunnerAddress(run)!;
    expect(statSync(run.owner).mode & 0o777).toBe(0o600);
    await expect.poll(() => one.state(runId), LONG).toBe('running');
    await expect.poll(() => one.step(runId), LONG).toBeGreaterThan(0);
    const live = one.catalog.overviews()[0]!.live!;
    expect(live.tokensPerSecond).toBeGreaterThan(0);
    expect(live.remainingMs).toBeGreaterThan(0);

    const other = await watch();
    await expect.poll(() => other.state(runId), LONG).toBe('running');
    await other.catalog.pause(runId);
    await expect.poll(() => one.state(runId), LONG).toBe('paused');
    const { reader } = one.catalog.run(runId);
    const pausedAt = reader.counters().lastStep;
    expect(reader.checkpoints().at(-1)?.step).toBe(pausedAt);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(reader.counters().lastStep).toBe(pausedAt);

    await one.catalog.resume(runId, new AbortController().signal);
    await expect.poll(() => other.step(runId), LONG).toBeGreaterThan(pausedAt);
    expect(other.state(runId)).toBe('running');
    expect(readRunnerAddress(run)!.pid).toBe(pid);

    await one.catalog.pause(runId);
    await expect.poll(() => one.state(runId), LONG).toBe('paused');
    await one.catalog.stop(runId, 'after-step');
    await expect
      .poll(() => [one.state(runId), other.state(runId)], LONG)
      .toEqual(['stopped', 'stopped']);
    for (const { ended } of [one, other]) {
      expect(ended).toEqual([expect.objectContaining({ id: runId, state: 'stopped' })]);
    }
    await expect.poll(() => isAlive(pid), LONG).toBe(false);
    expect(existsSync(run.owner)).toBe(false);
  });

  test('stops at once while it is paused, and in the middle of a step', async () => {
    const { catalog, state, step } = await watch();
    const runId = await startRun(catalog);
    await catalog.pause(runId);
    await expect.poll(() => state(runId), LONG).toBe('paused');
    await catalog.stop(runId, 'now');
    await expect.poll(() => state(runId), LONG).toBe('stopped');
    const stoppedAt = step(runId);

    await catalog.resume(runId, new AbortController().signal);
    await expect.poll(() => step(runId), LONG).toBeGreaterThan(stoppedAt);
    await catalog.stop(runId, 'now');
    await expect.poll(() => state(runId), LONG).toBe('stopped');
  });

  test('announces a step when it is committed, with the number of the change', async () => {
    const { catalog } = await watch();
    const runId = await startRun(catalog);
    const { folder: run } = catalog.run(runId);
    const steps: { step: number; lastStep: number; told: number; stored: number }[] = [];
    const reader = RunReader.open(run.database);
    const client = await RunnerClient.connect(readRunnerAddress(run)!, {
      message: (message: FromRunner) => {
        if (message.kind !== 'event' || message.event.kind !== 'step') return;
        const { lastStep } = reader.counters();
        const stored = reader.sequence();
        steps.push({ step: message.event.step, lastStep, told: message.sequence, stored });
      },
      closed: () => undefined,
    });
    await expect.poll(() => steps.length, LONG).toBeGreaterThan(5);
    client.close();
    reader.close();
    for (const { step, lastStep, told, stored } of steps) {
      expect(lastStep).toBeGreaterThanOrEqual(step);
      // One change per step and none else: the checkpoints of this run are far between.
      expect(told).toBe(step + 1);
      expect(stored).toBeGreaterThanOrEqual(told);
    }
  });

  test('survives whoever started it, killed with all its descendants and its group', async () => {
    const starter = spawn(NODE[0]!, [...NODE.slice(1), STARTER, folder, model, ...SCRIPTED], {
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(starter);
    const [said] = (await once(starter.stdout, 'data')) as [Buffer];
    const run = runFolderAt(said.toString().trim());
    const { pid } = readRunnerAddress(run)!;
    const tree = descendants(starter.pid!);
    expect(tree).toContain(starter.pid);
    expect(tree).not.toContain(pid);
    for (const member of tree) process.kill(member, 'SIGKILL');
    try {
      process.kill(-starter.pid!, 'SIGKILL');
    } catch {
      // Nobody is left in the group, which is as it should be.
    }
    await once(starter, 'exit');

    const reader = RunReader.open(run.database);
    const then = reader.counters().lastStep;
    await expect.poll(() => reader.counters().lastStep, LONG).toBeGreaterThan(then + 2);
    reader.close();
    const { catalog, state } = await watch();
    const runId = catalog.overviews()[0]!.id;
    await expect.poll(() => state(runId), LONG).toBe('running');
    await catalog.stop(runId, 'after-step');
    await expect.poll(() => isAlive(pid), LONG).toBe(false);
  });

  test('killed is told of once, is no more than interrupted, and goes on', async () => {
    const { catalog, ended, state, step } = await watch();
    const runId = await startRun(catalog);
    await expect.poll(() => step(runId), LONG).toBeGreaterThan(0);
    const { folder: run } = catalog.run(runId);
    process.kill(readRunnerAddress(run)!.pid, 'SIGKILL');
    await expect.poll(() => state(runId), LONG).toBe('interrupted');
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(ended).toEqual([expect.objectContaining({ id: runId, state: 'interrupted' })]);
    expect(existsSync(run.owner)).toBe(true);
    await expect(
      RunnerClient.connect(readRunnerAddress(run)!, {
        message: () => undefined,
        closed: () => undefined,
      }),
    ).rejects.toMatchObject({ code: 'runner-gone' });

    await catalog.resume(runId, new AbortController().signal);
    expect(state(runId)).toBe('running');
    await catalog.stop(runId, 'now');
    await expect.poll(() => ended.length, LONG).toBe(2);
  });

  test('that comes to its end is finished', async () => {
    const { catalog, ended, state } = await watch();
    const runId = await startRun(catalog, { steps: 2 });
    await expect.poll(() => state(runId), LONG).toBe('finished');
    expect(ended).toEqual([expect.objectContaining({ state: 'finished', lastStep: 2 })]);
  });
});

describe('a run that cannot be', () => {
  test('started for want of Python packages says so, and leaves nothing in the list', async () => {
    const bare = path.join(folder, 'python');
    // Without its site module a Python knows no packages.
    writeFileSync(bare, `#!/bin/sh\nexec "${enginePython()}" -S "$@"\n`, { mode: 0o755 });
    const { catalog, ended } = await watch(REAL, bare);
    await expect(startRun(catalog, { model: 'azr-nano' })).rejects.toMatchObject({
      code: 'no-engine-packages',
      message: expect.stringContaining("No module named 'torch'") as string,
      remedy: expect.stringContaining('azr setup') as string,
    });
    // Who asked for it was told by the failure, and need not be told of an end too.
    expect(ended).toEqual([]);
    const missing = await watch(REAL, path.join(folder, 'no-python'));
    await expect(startRun(missing.catalog, { model: 'azr-nano' })).rejects.toMatchObject({
      code: 'no-python',
    });
    expect(missing.ended).toEqual([]);
    // Each list looks at the same folder, and may see the other's run come and go.
    await expect.poll(() => catalog.overviews()).toEqual([]);
  });

  test('started with settings that do not fit together says which', async () => {
    const { catalog } = await watch(REAL);
    await expect(startRun(catalog, { cpuMs: 60_000 })).rejects.toMatchObject({
      code: 'invalid-settings',
      message: expect.stringContaining('cpuMs') as string,
    });
    await expect(startRun(catalog, { stepz: 3 })).rejects.toMatchObject({
      code: 'invalid-settings',
    });
    const program = await watch([path.join(folder, 'no-program')]);
    await expect(startRun(program.catalog)).rejects.toMatchObject({ code: 'cannot-launch' });
  });

  test('resumed keeps its problem until it can be', async () => {
    const { catalog, state } = await watch();
    const runId = await startRun(catalog);
    await catalog.stop(runId, 'after-step');
    await expect.poll(() => state(runId), LONG).toBe('stopped');
    writeFileSync(path.join(model, 'config.json'), '{"changed": true}');
    const { signal } = new AbortController();
    await expect(catalog.resume(runId, signal)).rejects.toMatchObject({ code: 'model-changed' });
    const later = await watch();
    expect(later.catalog.overviews()).toEqual([
      expect.objectContaining({
        state: 'failed',
        problem: expect.objectContaining({ code: 'model-changed' }) as object,
      }),
    ]);
    writeFileSync(path.join(model, 'config.json'), '{}');
    await catalog.resume(runId, signal);
    expect(catalog.overviews()[0]).toMatchObject({ state: 'running' });
    expect(catalog.overviews()[0]).not.toHaveProperty('problem');
  });

  test('continued for want of disk has failed, and loses nothing', async () => {
    // No file of the runner may grow beyond half a MiB, as on a disk that is full.
    const confined = ['/bin/sh', '-c', 'ulimit -f 1024; exec "$@"', 'sh', ...SCRIPTED];
    const { catalog, ended, state } = await watch(confined);
    const runId = await startRun(catalog);
    await expect.poll(() => ended.length, LONG).toBe(1);
    expect(state(runId)).toBe('failed');
    expect(ended[0]!.problem).toMatchObject({
      code: expect.stringMatching(/^(input-output|disk-full)$/) as string,
    });
    const { lastStep } = ended[0]!;
    const again = await watch();
    await again.catalog.resume(runId, new AbortController().signal);
    await expect.poll(() => again.step(runId), LONG).toBeGreaterThan(lastStep);
  });

  test('waited for is ended when nobody waits any more', async () => {
    const { catalog } = await watch(REAL);
    const abort = new AbortController();
    const request = { parentFolder: folder, settings: { model: 'azr-nano', steps: ENDLESS } };
    const starting = catalog.start(request, abort.signal);
    await expect.poll(() => addresses().length, LONG).toBe(1);
    const [{ pid }] = addresses() as [RunnerAddress];
    abort.abort();
    await expect(starting).rejects.toThrow(/abort/i);
    await expect.poll(() => isAlive(pid), LONG).toBe(false);
    expect(readdirSync(path.join(folder, 'runs'))).toEqual([]);
  });
});

/** `root` and everything below it. */
function descendants(root: number): number[] {
  const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  const rows = table
    .trim()
    .split('\n')
    .map((row) => row.trim().split(/\s+/).map(Number));
  const tree = [root];
  for (const parent of tree) {
    tree.push(...rows.filter(([, ppid]) => ppid === parent).map(([pid]) => pid!));
  }
  return tree;
}
