import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { ChangeBatch } from '../../extension/src/changeBatch.ts';
import {
  integerProblem,
  startPicks,
  typedPick,
} from '../../extension/src/commands/startChoices.ts';
import { CrashCounter } from '../../extension/src/connection/crashCounter.ts';
import { isCancellation, problemOf } from '../../extension/src/connection/problemOf.ts';
import { actionAgainst } from '../../server/protocol/problem.ts';
import { remedyCommand } from '../../extension/src/remedyCommand.ts';
import { hasLiveRunner } from '../../extension/src/state/hasLiveRunner.ts';
import { REQUEST_REFUSED } from '../../server/protocol/languageMessages.ts';

test('the fifth crash within three minutes is the last, older ones are forgiven', () => {
  let nowMs = 0;
  const crashes = new CrashCounter(() => nowMs);
  const crashAt = (seconds: number) => {
    nowMs = seconds * 1000;
    return crashes.mayRestart();
  };

  expect([0, 10, 20, 30].map(crashAt)).toEqual([true, true, true, true]);
  // By then the first is more than three minutes old, the second is not.
  expect(crashAt(185)).toBe(true);
  expect(crashAt(186)).toBe(false);
});

describe('the problem behind an error', () => {
  const problem = { code: 'no-run', message: 'There is no run.', remedy: 'Start one.' };

  test('is the server’s where it refused', () => {
    const refused = Object.assign(new Error('x'), { code: REQUEST_REFUSED, data: problem });

    expect(problemOf(refused)).toEqual(problem);
  });

  test('is told with a way on where nobody foresaw it', () => {
    expect(problemOf(new Error('boom'))).toMatchObject({ code: 'unexpected', message: 'boom' });
    expect(problemOf('boom')).toMatchObject({ message: 'boom' });
    const halfRefused = Object.assign(new Error('x'), { code: REQUEST_REFUSED, data: {} });
    expect(problemOf(halfRefused).code).toBe('unexpected');
  });

  test('is none where a request was given up', () => {
    expect(isCancellation(Object.assign(new Error(), { code: -32_800 }))).toBe(true);
    expect(isCancellation(Object.assign(new Error(), { name: 'Canceled' }))).toBe(true);
    expect(isCancellation(new Error('boom'))).toBe(false);
  });

  test('leads to the command that mends it', () => {
    const commandFor = (code: string) => {
      const action = actionAgainst({ code, message: '', remedy: '' });
      return action && remedyCommand(action).command;
    };
    expect(commandFor('no-python')).toBe('azr.setUpPython');
    expect(commandFor('server-crashed')).toBe('azr.restartServer');
    expect(commandFor('engine_key_refused')).toBe('azr.setEngineKey');
    // Restarting the language server mends neither an engine nor a run of another version.
    expect(commandFor('engine_server_unknown')).toBeUndefined();
    expect(commandFor('protocol-changed')).toBeUndefined();
    expect(commandFor('no-answers')).toBeUndefined();
    expect(commandFor('a code of some server: python')).toBeUndefined();
    expect(commandFor('constructor')).toBeUndefined();
  });
});

describe('a batch of changes', () => {
  let delivered: (readonly string[])[];
  let batch: ChangeBatch<string>;

  beforeEach(() => {
    vi.useFakeTimers();
    delivered = [];
    batch = new ChangeBatch<string>(250, (changes) => delivered.push(changes));
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  test('hands on the first at once and what comes meanwhile together, each once', () => {
    for (const change of ['a', 'b', 'b', 'c']) batch.add(change);
    vi.advanceTimersByTime(249);
    expect(delivered).toEqual([['a']]);
    vi.advanceTimersByTime(1);
    expect(delivered).toEqual([['a'], ['b', 'c']]);
    vi.advanceTimersByTime(1000);
    batch.add('d');
    expect(delivered.at(-1)).toEqual(['d']);
  });

  test('waits as long as what it handed on asks for', () => {
    const paced = new ChangeBatch<string>(
      (changes) => (changes.includes('long') ? 500 : 250),
      (changes) => delivered.push(changes),
    );
    for (const change of ['long', 'a']) paced.add(change);
    vi.advanceTimersByTime(499);
    expect(delivered).toEqual([['long']]);
    vi.advanceTimersByTime(1);
    paced.add('b');
    vi.advanceTimersByTime(250);
    expect(delivered).toEqual([['long'], ['a'], ['b']]);
    paced.dispose();
  });

  test('delivers nothing once it is disposed of', () => {
    batch.add('a');
    batch.add('b');
    batch.dispose();
    vi.advanceTimersByTime(1000);

    expect(delivered).toEqual([['a']]);
  });
});

test('what was chosen last comes first, then what fits; the device stands above', () => {
  const choice = (value: string, fits: boolean) =>
    ({ kind: 'model', value, label: value, detail: '', fits }) as const;
  const picks = startPicks(
    'CPU, 2 cores',
    [choice('big', false), choice('small', true), choice('last', true)],
    { kind: 'model', value: 'last' },
  );

  expect(picks.map(({ label }) => label)).toEqual([
    'CPU, 2 cores',
    '$(chip) last',
    '$(chip) small',
    '$(warning) big',
    'more',
    '$(settings-gear) With Settings…',
    '$(cloud-download) Fetch a Model…',
    '$(folder-opened) Choose a Model Folder…',
  ]);
  expect(picks[1]).toMatchObject({ description: 'last used' });
});

test('an id of the Hub that is typed into the pick is offered, unless the pick has it anyway', () => {
  const model = 'Qwen/Qwen2.5-Coder-0.5B-Instruct';
  const here = { kind: 'model', value: model, label: model, detail: '', fits: true } as const;

  expect(typedPick(` ${model} `, startPicks('CPU', [], undefined))).toMatchObject({ model });
  expect(typedPick(model, startPicks('CPU', [here], undefined))).toBeUndefined();
  expect(typedPick('azr-nano', [])).toBeUndefined();
});

test('a model that is not here yet has the icon of a download', () => {
  const choice = {
    kind: 'model',
    value: 'smollm2-135m',
    label: 'smollm2-135m',
    detail: '',
  } as const;
  const [, first] = startPicks('CPU', [{ ...choice, fits: true, mustFetch: true }], undefined);
  expect(first?.label).toBe('$(cloud-download) smollm2-135m');
});

test.each([
  ['200', undefined],
  [' 1 ', undefined],
  ['0', 'A whole number from 1 to 1000.'],
  ['1001', 'A whole number from 1 to 1000.'],
  ['1e2', 'A whole number from 1 to 1000.'],
  ['', 'A whole number from 1 to 1000.'],
])('%j as a number of steps: %s', (text, problem) => {
  expect(integerProblem(text, 1, 1000)).toBe(problem);
});

test('a runner that is at work is found by its file, one that ended is not', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'azr-live-'));
  mkdirSync(path.join(folder, 'runs', 'one'), { recursive: true });

  expect(await hasLiveRunner([folder, path.join(folder, 'nowhere')])).toBe(false);
  const address = path.join(folder, 'runs', 'one', 'runner.json');
  const ended = spawnSync(process.execPath, ['--version']).pid;
  for (const text of ['{', '{}', JSON.stringify({ pid: ended })]) {
    writeFileSync(address, text);
    expect(await hasLiveRunner([folder]), text).toBe(false);
  }
  writeFileSync(address, JSON.stringify({ pid: process.pid }));
  expect(await hasLiveRunner([path.join(folder, 'nowhere'), folder])).toBe(true);
  rmSync(folder, { recursive: true });
});
