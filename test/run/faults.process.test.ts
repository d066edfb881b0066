/** What machines do to a run, one thing at a time: the rows are those of an undisturbed run after all. */
import { type ChildProcess, execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { RunReader } from '../../server/src/store/runReader.ts';
import { type AzrEvent, FaultyWorld, startedBy } from './faults/faultyWorld.ts';
import { rowsOf } from './rows.ts';

const SETTINGS = [
  ...['--steps', '3', '--seed', '11', '--set', 'seedTasks=2', '--set', 'proposalsPerMode=1'],
  ...['--set', 'estimationRollouts=2', '--set', 'probe=none', '--set', 'checkpointEverySteps=1'],
];

let folder: string;
let world: FaultyWorld;
let undisturbed: Record<string, unknown[]>;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-fault-'));
  world = new FaultyWorld(folder);
  await world.azr(start('undisturbed'));
  undisturbed = rowsOf(path.join(folder, 'undisturbed'));
  expect(undisturbed['step']!.length).toBe(4);
});

afterAll(() => {
  world.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

function start(name: string): string[] {
  return ['run', ...SETTINGS, '--model', world.model, '--directory', name];
}

/** Does `action` once, in the middle of step 2. */
function inStepTwo(action: (child: ChildProcess) => void) {
  let isDone = false;
  return (event: AzrEvent, child: ChildProcess): void => {
    if (isDone || event.kind !== 'phase' || event.step !== 2 || event.phase !== 'estimate') return;
    isDone = true;
    action(child);
  };
}

function noticesOf(events: readonly AzrEvent[]): string {
  return events.flatMap((event) => (event.kind === 'notice' ? [event.message] : [])).join('\n');
}

function stopForAWhile(pid: number): void {
  process.kill(pid, 'SIGSTOP');
  setTimeout(() => process.kill(pid, 'SIGCONT'), 1_500);
}

describe('a run goes on by itself', () => {
  test.each(['engines', 'sandboxes'] as const)(
    'when its %s are stopped for a while',
    async (kind) => {
      const { code } = await world.azr(
        start(`stopped-${kind}`),
        inStepTwo((child) => {
          for (const pid of startedBy(child.pid!)[kind]) stopForAWhile(pid);
        }),
      );
      expect(code).toBe(0);
      expect(rowsOf(path.join(folder, `stopped-${kind}`))).toEqual(undisturbed);
    },
  );

  test('when the clock jumps a day ahead and back', async () => {
    const preload = path.join(folder, 'jumpingClock.mjs');
    const jumps = `const now = Date.now;
let calls = 0;
Date.now = () => now() + ((calls++ >> 3) % 2) * 86_400_000;`;
    writeFileSync(preload, jumps);
    const { code } = await world.azr(start('jumping'), undefined, {
      NODE_OPTIONS: `--import=file://${preload}`,
    });
    expect(code).toBe(0);
    expect(rowsOf(path.join(folder, 'jumping'))).toEqual(undisturbed);
    const reader = RunReader.open(path.join(folder, 'jumping', 'run.db'));
    for (const { durationMs } of reader.steps(-1, 10)) expect(durationMs).toBeGreaterThanOrEqual(0);
    reader.close();
  });

  test('when another program holds its database, and says so', async () => {
    const database = path.join(folder, 'locked', 'run.db');
    const { code, events } = await world.azr(
      start('locked'),
      inStepTwo(() => {
        const other = new DatabaseSync(database);
        other.exec('BEGIN IMMEDIATE');
        // Longer than the runner's own wait for a lock.
        setTimeout(() => {
          other.exec('COMMIT');
          other.close();
        }, 7_000);
      }),
    );
    expect(code).toBe(0);
    expect(noticesOf(events)).toContain('is locked by another program');
    expect(rowsOf(path.join(folder, 'locked'))).toEqual(undisturbed);
  });
});

const canMount = mountable();

describe('a disk', () => {
  test.skipIf(!canMount)(
    'that fills up pauses the run, which goes on when there is room',
    async () => {
      const disk = path.join(folder, 'disk');
      mkdirSync(disk);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', disk]);
      const ballast = path.join(disk, 'ballast');
      try {
        let waitedAt: number | undefined;
        let stepsDone = -1;
        const { code, events } = await world.azr(start('disk/run'), (event, child) => {
          if (event.kind === 'step') stepsDone = event.step;
          inFull(event, child);
        });
        function inFull(event: AzrEvent, _: ChildProcess): void {
          // In the middle of a step, so that the disk is full before the next one is thought of.
          const isTime = event.kind === 'phase' && event.step === 1 && event.phase === 'estimate';
          if (isTime && !existsSync(ballast) && waitedAt === undefined) {
            writeFileSync(ballast, fill(disk));
          }
          if (event.kind === 'notice' && event.message.includes('nearly full')) {
            waitedAt = stepsDone;
            setTimeout(() => {
              rmSync(ballast, { force: true });
            }, 1_500);
          }
        }
        expect(code).toBe(0);
        expect(waitedAt).toBeGreaterThanOrEqual(0);
        expect(noticesOf(events)).toContain('the run then resumes on its own');
        expect(rowsOf(path.join(disk, 'run'))).toEqual(undisturbed);
      } finally {
        execFileSync('umount', ['-l', disk]);
      }
    },
  );

  test.skipIf(!canMount)(
    'that can only be read shows its runs, and says why none goes on',
    async () => {
      const disk = path.join(folder, 'read-only');
      mkdirSync(disk);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', disk]);
      try {
        await world.azr(
          start('read-only/run'),
          inStepTwo((child) => child.kill('SIGINT')),
        );
        execFileSync('mount', ['-o', 'remount,ro', disk]);
        const { code, events } = await world.azr(['resume', 'read-only/run']);
        expect(code).toBe(1);
        expect(events.filter(({ kind }) => kind === 'failure')).toEqual([
          expect.objectContaining({
            kind: 'failure',
            remedy: expect.stringMatching(/permission/) as string,
          }),
        ]);
        const reader = RunReader.open(path.join(disk, 'run', 'run.db'));
        expect(reader.counters().lastStep).toBeGreaterThanOrEqual(2);
        reader.close();
      } finally {
        execFileSync('umount', ['-l', disk]);
      }
    },
  );
});

describe('an engine that never answers', () => {
  test('does not keep a run from being stopped at once', async () => {
    let askedAt = 0;
    const { code } = await world.azr(
      start('silent'),
      inStepTwo((child) => {
        for (const pid of startedBy(child.pid!).engines) process.kill(pid, 'SIGSTOP');
        child.kill('SIGINT');
        void delay(300).then(() => {
          askedAt = Date.now();
          child.kill('SIGINT');
        });
      }),
    );
    expect(code).toBe(130);
    // Two seconds for the engine to say good-bye, three more until it is killed, and a busy machine.
    expect(Date.now() - askedAt).toBeLessThan(15_000);
    const { code: resumed } = await world.azr(['resume', 'silent']);
    expect(resumed).toBe(0);
    expect(rowsOf(path.join(folder, 'silent'))).toEqual(undisturbed);
  });
});

/** Everything that is left of the disk but a mebibyte. */
function fill(disk: string): Buffer {
  const free = Number(
    execFileSync('df', ['--output=avail', '-B1', disk], { encoding: 'utf8' }).trim().split('\n')[1],
  );
  return Buffer.alloc(free - 2 ** 20, 1);
}

/** Whether this process may mount a disk of its own. */
function mountable(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const probe = mkdtempSync(path.join(tmpdir(), 'azr-mount-'));
  const isMounted = spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', probe]).status === 0;
  if (isMounted) spawnSync('umount', ['-l', probe]);
  rmSync(probe, { recursive: true });
  return isMounted;
}
