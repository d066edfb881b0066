/** What a program prints in the sandbox, and what a foreign run's texts are, do not reach the terminal raw. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { SqliteRunStore } from '../../server/src/store/writer/sqliteRunStore.ts';
import { azr, jsonLines } from '../cli/azr.ts';
import { sampleInformation, sampleStep } from '../store/sampleRun.ts';
import { UNSEEN } from './hostileStrings.ts';

const ESCAPES = '\u001b]0;owned\u0007\u001b]52;c;aWQK\u0007\u001b[2J\u009b2J\u007f\u202e';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-escapes-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

test('of a program that prints and returns them', async () => {
  const file = path.join(folder, 'program.py');
  const text = JSON.stringify(ESCAPES);
  writeFileSync(file, `def f(a):\n    print(${text})\n    raise ValueError(${text})\n`);
  const words = ['exec', '--program', file, '--input', '1'];

  const plain = await azr(words, { folder });
  expect(plain.stdout).toContain('␛]0;owned␇');
  expect(plain.stdout + plain.stderr).not.toMatch(UNSEEN);

  const json = await azr([...words, '--json'], { folder });
  expect(json.stdout).not.toMatch(UNSEEN);
  expect(jsonLines(json.stdout)[0]).toMatchObject({ stdout: `${ESCAPES}\n` });
});

test('of a run folder whose model is named so', async () => {
  const run = path.join(folder, `run ${ESCAPES}`);
  mkdirSync(run);
  const information = sampleInformation();
  const store = SqliteRunStore.create(path.join(run, 'run.db'), {
    ...information,
    settings: { ...information.settings, model: ESCAPES },
  });
  store.commitStep(sampleStep(0));
  store.commitStep(sampleStep(1));
  store.close();
  for (const words of [
    ['replay', run, '--speed', 'max'],
    ['replay', run, '--speed', 'max', '--json'],
    ['attach', run],
    ['resume', run],
    [ESCAPES],
  ]) {
    const { stdout, stderr } = await azr(words, { folder });
    expect(stdout + stderr, words.join(' ')).not.toBe('');
    expect(stdout + stderr, words.join(' ')).not.toMatch(UNSEEN);
  }
});
