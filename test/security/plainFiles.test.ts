/** Files that are links, pipes or devices are neither read nor written; ours are for their owner only. */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { openForAppending, openForReading } from '../../server/src/files/openFile.ts';
import { readSmallFile, readSmallFileSync } from '../../server/src/files/readFile.ts';
import { writeJsonAtomically } from '../../server/src/files/writeJsonAtomically.ts';
import { createRunFolder } from '../../server/src/runFolder/createRunFolder.ts';
import { removeNewRunFolder } from '../../server/src/runFolder/removeNewRunFolder.ts';
import { runFolderAt } from '../../server/src/runFolder/runFolder.ts';
import { RunLock } from '../../server/src/runFolder/runLock.ts';

let folder: string;
/** A user's own file. */
let victim: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-plain-'));
  victim = path.join(folder, 'victim');
  writeFileSync(victim, 'precious', { mode: 0o644 });
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function at(name: string): string {
  return path.join(folder, name);
}

const REFUSED = expect.objectContaining({
  code: 'not-a-plain-file',
  remedy: expect.stringMatching(/./) as string,
}) as Error;

describe('a log', () => {
  test.each([
    [
      'a link',
      () => {
        symlinkSync(victim, at('log'));
      },
    ],
    [
      'a link to nothing yet',
      () => {
        symlinkSync(at('new'), at('log'));
      },
    ],
    [
      'a second name of a file',
      () => {
        linkSync(victim, at('log'));
      },
    ],
    [
      'a named pipe',
      () => {
        execFileSync('mkfifo', [at('log')]);
      },
    ],
    [
      'a folder',
      () => {
        mkdirSync(at('log'));
      },
    ],
    [
      'a device',
      () => {
        symlinkSync('/dev/null', at('log'));
      },
    ],
  ])('that is %s is not written to', (_, make) => {
    make();
    expect(() => openForAppending(at('log'))).toThrow(REFUSED);
    expect(readFileSync(victim, 'utf8')).toBe('precious');
    expect(lstatSync(at('new'), { throwIfNoEntry: false })).toBeUndefined();
  });

  test('in a folder that is a link is not written to', () => {
    mkdirSync(at('documents'));
    symlinkSync(at('documents'), at('logs'));
    expect(() => openForAppending(at('logs/engine.log'))).toThrow(REFUSED);
  });

  test('is for its owner only, also one that was readable before', () => {
    writeFileSync(at('old'), 'x', { mode: 0o644 });
    for (const name of ['old', 'new']) {
      closeSync(openForAppending(at(name)));
      expect(statSync(at(name)).mode & 0o777).toBe(0o600);
    }
  });
});

describe('a small file', () => {
  test.each(['/dev/zero', '/dev/null', '/proc/self/fd/0'])('is not %s', async (device) => {
    await expect(readSmallFile(device, 100, 'follow')).rejects.toThrow(REFUSED);
    expect(() => readSmallFileSync(device, 100, 'follow')).toThrow(REFUSED);
  });

  test('is not a pipe that nobody writes to, and this is known at once', () => {
    execFileSync('mkfifo', [at('pipe')]);
    expect(() => openForReading(at('pipe'), 'follow')).toThrow(REFUSED);
  });

  test('is a link where links may be followed, and nowhere else', async () => {
    symlinkSync(victim, at('link'));
    expect(await readSmallFile(at('link'), 100, 'follow')).toBe('precious');
    await expect(readSmallFile(at('link'), 100, 'refuse')).rejects.toThrow(REFUSED);
  });

  test('is read up to its bound and no further', async () => {
    expect(await readSmallFile(victim, 8, 'refuse')).toBe('precious');
    const tooLarge = expect.objectContaining({ code: 'file-too-large' }) as Error;
    await expect(readSmallFile(victim, 7, 'refuse')).rejects.toThrow(tooLarge);
    expect(() => readSmallFileSync(victim, 7, 'refuse')).toThrow(tooLarge);
    // A file of the system that tells no size.
    expect(statSync('/proc/self/maps').size).toBe(0);
    await expect(readSmallFile('/proc/self/maps', 100, 'follow')).rejects.toThrow(tooLarge);
  });
});

test('what is written as a whole takes the place of a link', () => {
  symlinkSync(victim, at('azr.json'));
  writeJsonAtomically(at('azr.json'), { steps: 1 });
  expect(readFileSync(victim, 'utf8')).toBe('precious');
  expect(lstatSync(at('azr.json')).isFile()).toBe(true);
  expect(statSync(at('azr.json')).mode & 0o777).toBe(0o600);
});

test('the lock of a run is for its owner only, and holds against a second runner', async () => {
  const run = createRunFolder(at('run'));
  const lock = RunLock.acquire(run);
  expect(statSync(run.lock).mode & 0o777).toBe(0o600);
  expect(() => RunLock.acquire(run)).toThrow(
    expect.objectContaining({ code: 'run-in-use' }) as Error,
  );
  lock.release();
  RunLock.acquire(run).release();
});

test('a run that never began takes its own files along, and no others', async () => {
  const run = createRunFolder(at('run'));
  for (const file of [run.lock, run.runnerLog, path.join(run.checkpoints, 'thesis.tex')]) {
    writeFileSync(file, '');
  }
  await removeNewRunFolder(run);
  expect(lstatSync(run.runnerLog, { throwIfNoEntry: false })).toBeUndefined();
  expect(lstatSync(path.join(run.checkpoints, 'thesis.tex')).isFile()).toBe(true);
  const other = runFolderAt(createRunFolder(at('other')).folder);
  await removeNewRunFolder(other);
  expect(lstatSync(other.folder, { throwIfNoEntry: false })).toBeUndefined();
});
