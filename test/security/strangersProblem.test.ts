/** The texts of a problem in a stranger's run folder, or of an engine's, fill the screen or imitate lines. */
import { ProblemError } from '../../server/protocol/problem.ts';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { failureText } from '../../server/src/cli/failure.ts';
import { runFolderAt } from '../../server/src/runFolder/runFolder.ts';
import {
  problemOf,
  readRunOutcome,
  writeRunOutcome,
} from '../../server/src/runFolder/runOutcome.ts';

const HOSTILE = `It failed.\nazr: everything is well\r\n${'A'.repeat(400_000)}`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-problem-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('an outcome that a stranger wrote is read as short lines', () => {
  const run = runFolderAt(folder);
  mkdirSync(path.dirname(run.outcome), { recursive: true });
  const problem = { code: HOSTILE, message: HOSTILE, remedy: HOSTILE };
  writeFileSync(
    run.outcome,
    JSON.stringify({ kind: 'failed', problem: { ...problem, remedy: 'x' } }),
  );
  const outcome = readRunOutcome(run);
  expect(outcome).toMatchObject({ kind: 'failed' });
  const text = JSON.stringify(outcome);
  expect(text.length).toBeLessThan(2_000);
  expect(text).not.toContain('\\n');
});

test('a hostile error is written as short lines', () => {
  const run = runFolderAt(folder);
  mkdirSync(path.dirname(run.outcome), { recursive: true });
  for (const error of [
    new ProblemError({ code: 'corrupt', message: HOSTILE, remedy: HOSTILE }),
    new Error(HOSTILE),
  ]) {
    writeRunOutcome(run, { kind: 'failed', problem: problemOf(error) });
    expect(statSync(run.outcome).size).toBeLessThan(4_000);
    expect(readFileSync(run.outcome, 'utf8')).not.toContain('\\n');
  }
});

test('no line of a failure but its first begins like one of ours', () => {
  const text = failureText(
    new ProblemError({
      code: 'corrupt',
      message: 'It failed.\nazr: everything is well',
      remedy: 'Wait.\nazr: x',
    }),
  );
  expect(text.split('\n').filter((line) => !line.startsWith(' '))).toEqual(['azr: It failed.']);
});
