/**
 * A run folder with random damage, hundreds of times: what is wrong is refused with a code, nothing
 * hangs, and nothing beside it is touched. `npm run bench:security` does the same hundreds
 * of times as often.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { randomSource } from '../randomJson.ts';
import { snapshotOf } from './canaryTree.ts';
import { mutatedRunIn } from './runFolderMutations.ts';

const ROUNDS = 250;
/** The rule is two seconds; a test beside others gets more. */
const HANG_MS = 10_000;

let parent: string;

beforeAll(() => {
  parent = mkdtempSync(path.join(tmpdir(), 'azr-mutated-'));
});

afterAll(() => {
  rmSync(parent, { recursive: true, force: true });
});

test('random damage is refused or harmless', { timeout: 120_000 }, async () => {
  const { run, canaries } = mutatedRunIn(parent, randomSource(16));
  const before = snapshotOf(canaries.folder);
  const codes = new Set<string>();
  let harmless = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const { damages, refusals, longestMs } = await run.round();
    expect(longestMs, damages.join('; ')).toBeLessThan(HANG_MS);
    for (const code of refusals) codes.add(code);
    // The last refusal, that of the resumption, there always is.
    if (refusals.length <= 1) harmless += 1;
  }
  expect(snapshotOf(canaries.folder)).toEqual(before);
  expect([...codes]).toEqual(expect.arrayContaining(['corrupt', 'not-a-plain-file']));
  expect(harmless).toBeGreaterThan(0);
});
