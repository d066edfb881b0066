/** A run folder from a stranger, used in every way there is: nothing beside it is touched. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { programPath } from '../programs/programs.ts';
import { makeCanaryTree, snapshotOf } from './canaryTree.ts';
import type { Refusal } from './fixtures/useRunFolders.ts';
import { CHECKPOINT, makeModel } from './harmlessRun.ts';
import {
  FOREIGN_CHECKPOINTS,
  makeHostileRuns,
  NESTED_CHECKPOINT,
  TRICKS,
} from './hostileRunFolder.ts';

/** For all uses of one folder; some start a sandbox. */
const HANG_MS = 60_000;
const MEMORY_BYTES = 300 * 2 ** 20;
/** A message that nobody reads to its end is not clear. */
const LONGEST_MESSAGE = 600;

interface Used {
  readonly refusals: readonly Refusal[];
  /** Of the process, in bytes, after this folder. */
  readonly rss: number;
}

let parent: string;
let child: ChildProcess;
let before: Record<string, string>;
let after: Record<string, string>;
const used = new Map<string, Used>();
let hangsOn: string | undefined;

beforeAll(async () => {
  parent = mkdtempSync(path.join(tmpdir(), 'azr-stranger-'));
  const model = path.join(parent, 'model');
  makeModel(model);
  const canaries = makeCanaryTree(path.join(parent, 'canaries'), model);
  const runs = path.join(parent, 'runs');
  mkdirSync(runs);
  const folders = await makeHostileRuns(runs, model, canaries);
  before = snapshotOf(canaries.folder);
  await use(folders);
  after = snapshotOf(canaries.folder);
}, 300_000);

afterAll(() => {
  rmSync(parent, { recursive: true, force: true, maxRetries: 5 });
});

async function use(folders: readonly string[]): Promise<void> {
  child = spawn(
    process.execPath,
    [
      ...['--disable-warning=ExperimentalWarning', programPath('useRunFolders')],
      ...[path.join(parent, 'scratch'), ...folders],
    ],
    { cwd: parent, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let timer: NodeJS.Timeout | undefined;
  const exited = once(child, 'exit');
  for await (const line of createInterface(child.stdout!)) {
    const { begins, ends, ...result } = JSON.parse(line) as Used & {
      readonly begins?: string;
      readonly ends?: string;
    };
    clearTimeout(timer);
    if (ends !== undefined) used.set(path.basename(ends), result);
    if (begins === undefined) continue;
    timer = setTimeout(() => {
      hangsOn = path.basename(begins);
      child.kill('SIGKILL');
    }, HANG_MS);
  }
  clearTimeout(timer);
  await exited;
}

test('every folder was used, and none hung', () => {
  expect(hangsOn).toBeUndefined();
  expect([...used.keys()]).toEqual(TRICKS.map(({ name }) => name));
});

test('nothing beside the run folders was read into, changed, made or deleted', () => {
  expect(after).toEqual(before);
});

test('of a checkpoint folder only what this product named is deleted', () => {
  const name = 'foreign-files-among-checkpoints';
  expect(used.get(name)!.refusals.filter((refusal) => refusal.use === 'resume')).toEqual([]);
  const folder = path.join(parent, 'runs', name, 'checkpoints');
  expect(readdirSync(folder).sort()).toEqual(
    [CHECKPOINT, NESTED_CHECKPOINT, ...FOREIGN_CHECKPOINTS].sort(),
  );
});

describe.each(TRICKS.map(({ name }) => name))('%s', (name) => {
  test('is refused in clear words, or is harmless', () => {
    for (const { use: action, code, message, remedy } of used.get(name)!.refusals) {
      const told = `${action}: ${message}`;
      expect(code, told).toMatch(/^[a-z][a-z_-]+$/);
      expect(code, told).not.toBe('defect');
      expect(remedy, told).not.toBe('');
      expect(message.length, told).toBeLessThan(LONGEST_MESSAGE);
    }
  });

  test('takes no more memory than a run', () => {
    expect(used.get(name)!.rss).toBeLessThan(MEMORY_BYTES);
  });
});
