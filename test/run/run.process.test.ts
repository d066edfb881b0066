import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { RunEvent } from '../../server/protocol/events.ts';
import { RunReader } from '../../server/src/store/runReader.ts';
import { programPath } from '../programs/programs.ts';
import { rowsOf } from './rows.ts';

const PROGRAM = programPath('scriptedRun');
const NODE_OPTIONS = ['--disable-warning=ExperimentalWarning'];

type Event = RunEvent | { kind: 'error'; code: string; message: string };

let folder: string;
let model: string;
const children = new Set<ChildProcess>();

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-runner-'));
  model = path.join(folder, 'model');
  mkdirSync(model);
  const facts = { dialect: 'compact', maximumProposalTokens: 100 };
  writeModel({ 'config.json': {}, 'azr-model.json': facts });
});

afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
  rmSync(folder, { recursive: true });
});

function writeModel(files: Record<string, object>): void {
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(path.join(model, name), JSON.stringify(content));
  }
}

/** Starts or continues the run in `run`; `onEvent` sees its events as they come. */
async function runScripted(
  run: string,
  onEvent: (event: Event, child: ChildProcess) => void = () => undefined,
  steps = 6,
  ...backTo: readonly number[]
): Promise<{ events: Event[]; code: number | null; signal: string | null }> {
  const child = spawn(
    process.execPath,
    [...NODE_OPTIONS, PROGRAM, run, model, String(steps), ...backTo.map(String)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  children.add(child);
  const events: Event[] = [];
  const exit = once(child, 'exit') as Promise<[number | null, string | null]>;
  for await (const line of createInterface(child.stdout)) {
    const event = JSON.parse(line) as Event;
    events.push(event);
    onEvent(event, child);
  }
  const [code, signal] = await exit;
  return { events, code, signal };
}

function stepsOf(events: readonly Event[]): number[] {
  return events.flatMap((event) => (event.kind === 'step' ? [event.step] : []));
}

describe('an interrupted run', () => {
  test('killed at any moment and resumed has the rows of an unbroken one', async () => {
    const unbroken = path.join(folder, 'unbroken');
    const broken = path.join(folder, 'broken');
    const whole = await runScripted(unbroken);
    expect(stepsOf(whole.events)).toEqual([0, 1, 2, 3, 4, 5, 6]);

    // Killed in the seeding, between checkpoints, and in the middle of a step after one.
    const killAt = (kind: string, step: number) => (event: Event, child: ChildProcess) => {
      if (event.kind === kind && 'step' in event && event.step === step) child.kill('SIGKILL');
    };
    expect((await runScripted(broken, killAt('task', 0))).signal).toBe('SIGKILL');
    expect((await runScripted(broken, killAt('step', 1))).signal).toBe('SIGKILL');
    const second = await runScripted(broken, killAt('step', 3));
    expect(stepsOf(second.events)).toEqual([1, 2, 3]);
    expect((await runScripted(broken, killAt('task', 5))).signal).toBe('SIGKILL');
    const last = await runScripted(broken);
    expect(stepsOf(last.events)).toEqual([5, 6]);

    expect(rowsOf(broken)).toEqual(rowsOf(unbroken));
    expect(rowsOf(broken)['rollout']!.length).toBeGreaterThan(300);
  });

  test('asked to stop finishes its step, saves a checkpoint, and goes on from there', async () => {
    const run = path.join(folder, 'run');
    const stopped = await runScripted(run, (event, child) => {
      if (event.kind !== 'phase' || event.step !== 3) return;
      if (event.phase === 'propose' && event.done === 0) {
        child.kill('SIGINT');
      }
    });
    expect(stopped.code).toBe(0);
    expect(stepsOf(stopped.events)).toEqual([0, 1, 2, 3]);
    expect(stopped.events.at(-1)).toMatchObject({ kind: 'finished', reason: 'stopped', step: 3 });
    expect(readdirSync(path.join(run, 'checkpoints'))).toContain('step-000003');
    expect(stepsOf((await runScripted(run)).events)).toEqual([4, 5, 6]);
  });

  test('asked twice drops the step under way', async () => {
    const run = path.join(folder, 'run');
    let asked = 0;
    const stopped = await runScripted(run, (event, child) => {
      if (event.kind === 'phase' && event.step === 3 && asked < 2) {
        asked += 1;
        child.kill('SIGINT');
      }
    });
    expect(stopped.code).toBe(0);
    expect(stepsOf(stopped.events)).toEqual([0, 1, 2]);
    const reader = RunReader.open(path.join(run, 'run.db'));
    expect(reader.rollouts({ afterId: 0, limit: 1 }, { step: 3 })).toEqual([]);
    reader.close();
  });
});

describe('a run folder', () => {
  test('holds what is promised, for its owner only, and no more checkpoints than asked', async () => {
    const run = path.join(folder, 'run');
    await runScripted(run);
    expect(readdirSync(run).sort()).toEqual([
      ...['azr.json', 'checkpoints', 'logs', 'outcome.json', 'run.db', 'runner.lock'],
    ]);
    expect(statSync(run).mode & 0o777).toBe(0o700);
    expect(statSync(path.join(run, 'run.db')).mode & 0o777).toBe(0o600);
    expect(readdirSync(path.join(run, 'checkpoints')).sort()).toEqual([
      ...['step-000004', 'step-000006'],
    ]);
    const frozen = JSON.parse(readFileSync(path.join(run, 'azr.json'), 'utf8')) as object;
    expect(frozen).toMatchObject({ steps: 6, seed: 7, model, maximumProposalTokens: 100 });
  });

  test('of a finished run is left as it is', async () => {
    const run = path.join(folder, 'run');
    await runScripted(run, undefined, 1);
    const before = rowsOf(run);
    const again = await runScripted(run, undefined, 1);
    expect(again.events).toEqual([expect.objectContaining({ kind: 'finished', reason: 'steps' })]);
    expect(rowsOf(run)).toEqual(before);
  });

  test('can be moved', async () => {
    const run = path.join(folder, 'run');
    await runScripted(run, (event, child) => {
      if (event.kind === 'step' && event.step === 2) child.kill('SIGINT');
    });
    const moved = path.join(folder, 'moved');
    renameSync(run, moved);
    const { events, code } = await runScripted(moved);
    expect(code).toBe(0);
    expect(stepsOf(events).at(-1)).toBe(6);
  });
});

describe('a lost checkpoint', () => {
  // The last two checkpoints are kept, of steps 2 and 4; it stops after step 5.
  async function stopped(): Promise<string> {
    const run = path.join(folder, 'run');
    await runScripted(run, (event, child) => {
      if (event.kind === 'step' && event.step === 5) child.kill('SIGKILL');
    });
    return run;
  }

  function lastStep(run: string): number {
    const reader = RunReader.open(path.join(run, 'run.db'));
    const { lastStep: step } = reader.counters();
    reader.close();
    return step;
  }

  test('costs no step, until its owner gives the steps up', async () => {
    const run = await stopped();
    rmSync(path.join(run, 'checkpoints', 'step-000004'), { recursive: true });
    const { events, code } = await runScripted(run);
    expect(code).toBe(1);
    expect(events.at(-1)).toMatchObject({
      code: 'checkpoint-lost',
      message: expect.stringContaining('after step 2') as string,
    });
    expect(lastStep(run)).toBeGreaterThanOrEqual(4);
    expect((await runScripted(run, undefined, 6, 3)).events.at(-1)).toMatchObject({
      code: 'no-checkpoint',
    });
    expect(lastStep(run)).toBeGreaterThanOrEqual(4);
    const resumed = await runScripted(run, undefined, 6, 2);
    expect(resumed.code).toBe(0);
    expect(stepsOf(resumed.events)).toEqual([3, 4, 5, 6]);
  });

  test('of all of them leaves the way back to the untrained model', async () => {
    const run = await stopped();
    for (const name of readdirSync(path.join(run, 'checkpoints'))) {
      rmSync(path.join(run, 'checkpoints', name), { recursive: true });
    }
    expect((await runScripted(run)).events.at(-1)).toMatchObject({ code: 'checkpoint-lost' });
    expect(lastStep(run)).toBeGreaterThanOrEqual(4);
    const resumed = await runScripted(run, undefined, 6, 0);
    expect(stepsOf(resumed.events)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('that the engine cannot load costs no step either', async () => {
    const run = await stopped();
    // A folder of the name of the file: there, and not to be read.
    const file = path.join(run, 'checkpoints', 'step-000004', 'policy');
    rmSync(file);
    mkdirSync(file);
    const { code } = await runScripted(run);
    expect(code).toBe(1);
    expect(lastStep(run)).toBe(5);
  });
});

describe('what would make a run lie is refused', () => {
  test('two runners on one run', async () => {
    const run = path.join(folder, 'run');
    let second: Promise<{ events: Event[] }> | undefined;
    const first = await runScripted(run, (event, child) => {
      if (event.kind !== 'step' || event.step !== 0) return;
      // It must not come to its end before the second one has looked.
      child.kill('SIGSTOP');
      second = runScripted(run).finally(() => child.kill('SIGCONT'));
    });
    expect(first.code).toBe(0);
    expect((await second!).events).toEqual([
      expect.objectContaining({
        code: 'run-in-use',
        message: expect.stringMatching(/Process \d+, started .* is working on/) as string,
      }),
    ]);
  });

  test('another model under the same name', async () => {
    const run = path.join(folder, 'run');
    await runScripted(run, (event, child) => {
      if (event.kind === 'step' && event.step === 2) child.kill('SIGKILL');
    });
    writeModel({ 'config.json': { changed: true } });
    const { events } = await runScripted(run);
    expect(events.at(-1)).toMatchObject({ kind: 'error', code: 'model-changed' });
  });
});
