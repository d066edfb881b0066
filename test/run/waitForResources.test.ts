import { ProblemError } from '../../server/protocol/problem.ts';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { RunEvent } from '../../server/protocol/events.ts';
import { DiskRoom } from '../../server/src/run/diskRoom.ts';
import { ResourceWait } from '../../server/src/run/waitForResources.ts';
import { type RunFolder, runFolderAt } from '../../server/src/runFolder/runFolder.ts';
import { RunSteering } from '../../server/src/run/runSteering.ts';

const MEBIBYTE = 2 ** 20;

let folder: string;
let run: RunFolder;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-room-'));
  run = runFolderAt(folder);
  mkdirSync(run.checkpoints);
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('the room that a step needs', () => {
  test('is 8 MiB, twice the largest step so far, and the largest checkpoint', () => {
    let free = 8 * MEBIBYTE;
    const room = new DiskRoom(run, () => free);
    expect(room.shortage()).toBeUndefined();
    free -= 1;
    expect(room.shortage()).toMatchObject({
      code: 'disk-full',
      message: expect.stringContaining(
        '8.0 MiB are free, the next step may need 8.0 MiB',
      ) as string,
    });

    writeFileSync(run.database, Buffer.alloc(3 * MEBIBYTE));
    room.committed();
    writeFileSync(`${run.database}-wal`, Buffer.alloc(MEBIBYTE));
    room.committed();
    mkdirSync(path.join(run.checkpoints, 'step-1'));
    writeFileSync(path.join(run.checkpoints, 'step-1', 'weights'), Buffer.alloc(5 * MEBIBYTE));
    free = (8 + 2 * 3 + 5) * MEBIBYTE;
    expect(room.shortage()).toBeUndefined();
    free -= 1;
    expect(room.shortage()).toBeDefined();
  });
});

describe('a run that waits', () => {
  const problem = { code: 'disk-full', message: 'Full.', remedy: 'Free some.' };

  function watched(): { steering: RunSteering; resources: ResourceWait; notices: string[] } {
    const steering = new RunSteering();
    steering.started();
    const notices: string[] = [];
    const resources = new ResourceWait(steering, (event: RunEvent) => {
      if (event.kind === 'notice') notices.push(event.message);
    });
    return { steering, resources, notices };
  }

  test('shows as paused with what it waits for, and goes on when that is gone', async () => {
    const { steering, resources, notices } = watched();
    let isFull = true;
    const waiting = resources.until(() => (isFull ? problem : undefined));
    await Promise.resolve();
    expect([steering.state, steering.held]).toEqual(['paused', problem]);
    isFull = false;
    // Somebody who has made room need not wait for the next look.
    steering.resume();
    expect(await waiting).toBe(true);
    expect([steering.state, steering.held]).toEqual(['running', undefined]);
    expect(notices).toEqual(['Full. Free some.', 'Resumed: disk space is available again.']);
  });

  test('can be stopped while it waits', async () => {
    const { steering, resources } = watched();
    const waiting = resources.until(() => problem);
    await Promise.resolve();
    steering.stop('after-step');
    expect(steering.state).toBe('stopping');
    expect(await waiting).toBe(false);
  });

  test('insists on what a full disk or a lock keeps from being done, and on nothing else', async () => {
    const { steering, resources, notices } = watched();
    let attempts = 0;
    const insisting = resources.retryWhileBlocked(() => {
      attempts += 1;
      if (attempts < 3)
        throw new ProblemError({ code: 'locked', message: 'Locked.', remedy: 'Close it.' });
    });
    steering.resume();
    await Promise.resolve();
    steering.resume();
    await insisting;
    expect(attempts).toBe(3);
    expect(notices).toHaveLength(2);
    const corrupt = new ProblemError({
      code: 'corrupt',
      message: 'Damaged.',
      remedy: 'Restore it.',
    });
    await expect(
      resources.retryWhileBlocked(() => {
        throw corrupt;
      }),
    ).rejects.toBe(corrupt);
  });

  test('says what it waited for when it is stopped before that could be done', async () => {
    const { steering, resources } = watched();
    const full = new ProblemError({ code: 'disk-full', message: 'Full.', remedy: 'Free some.' });
    const insisting = resources.retryWhileBlocked(() => {
      throw full;
    });
    steering.stop('after-step');
    await expect(insisting).rejects.toBe(full);
  });
});
