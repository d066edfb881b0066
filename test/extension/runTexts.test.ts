import { describe, expect, test } from 'vitest';

import { runLabel } from '../../extension/src/state/runLabel.ts';
import { canPause, canResume, canStop, primaryRun } from '../../extension/src/state/runFacts.ts';
import { contextKeys } from '../../extension/src/state/contextKeys.ts';
import { endedNotice } from '../../extension/src/status/endedText.ts';
import { iconOf, statusText, statusTooltip } from '../../extension/src/status/statusText.ts';
import { durationText } from '../../extension/src/numberText.ts';
import { newestFirst } from '../../server/protocol/runOrder.ts';
import { RUN_STATES, type RunOverview } from '../../server/protocol/runs.ts';
import { overview } from './treeSamples.ts';

describe('status bar', () => {
  const live = { step: 13, phase: 'solve', done: 3, total: 24, remainingMs: 170_000 } as const;

  test('tells step, solve rate and what is left, with a spinner only while something moves', () => {
    const shown = (run: RunOverview) => [iconOf(run), statusText(run, 0)];
    expect(shown(overview({ live }))).toEqual([
      'sync~spin',
      'AZR: step 12/200 · 41 % · 3 min left',
    ]);
    expect(shown(overview({ state: 'paused', live }))).toEqual([
      'debug-pause',
      'AZR: paused · step 12/200 · 41 %',
    ]);
    expect(shown(overview({ state: 'finished' }))).toEqual([undefined, 'AZR: finished · 41 %']);
    expect(statusText(overview({ live }), 2)).toMatch(/· \+2 more$/);
  });

  test('before the first step it tells how far the seeding is', () => {
    const run = overview({ lastStep: -1, solveRate: 0, live: { ...live, phase: 'seed' } });

    expect(statusText(run, 0)).toBe('AZR: seeding 3/24 · 0 %');
    const told = { ...run, live: { ...live, phase: 'seed', phaseRemainingMs: 21_000 } } as const;
    expect(statusText(told, 0)).toBe('AZR: seeding 3/24 · 21 s left · 0 %');
  });

  test('while held-out tasks are asked it tells how far that is, and what it has left', () => {
    const asked = { ...live, phase: 'probe', done: 360, total: 1440 } as const;
    const run = overview({ live: { ...asked, phaseRemainingMs: 42_000 } });

    expect(statusText(run, 0)).toBe('AZR: probing held-out tasks 360/1440 · 42 s left · 41 %');
    expect(statusTooltip(run)).toContain('42 s left');
  });

  test('the tooltip has the problem and its remedy', () => {
    const problem = { code: 'engine-failed', message: 'Out of memory.', remedy: 'Use less.' };
    const run = overview({ state: 'failed', problem, heldOutBefore: 0.1, heldOutAfter: 0.2 });

    expect(statusTooltip(run)).toEqual([
      'first: failed',
      'Model: azr-nano',
      'Held-out tasks: 10 % → 20 %',
      'Out of memory.',
      'Use less.',
    ]);
  });
});

test.each([
  [400, '0 s'],
  [59_400, '59 s'],
  [59_600, '1 min'],
  [3_599_000, '1 h'],
  [5_400_000, '1 h 30 min'],
  [90_000_000, '1 d 1 h'],
])('%d ms reads %s', (durationMs, text) => {
  expect(durationText(durationMs)).toBe(text);
});

test('each state allows what makes sense in it', () => {
  const allowed = (can: typeof canStop) =>
    RUN_STATES.filter((state) => can(overview({ state }))).join(' ');

  expect(allowed(canStop)).toBe('starting running pausing paused stopping');
  expect(allowed(canPause)).toBe('running');
  expect(allowed(canResume)).toBe('paused stopped interrupted failed');
});

test('the run that is meant: the chosen one while it lives, else the newest live, else the newest', () => {
  const old = overview({ id: 'old', createdAt: '2026-11-01T00:00:00Z' });
  const live = overview({ id: 'live', createdAt: '2026-11-02T00:00:00Z' });
  const done = overview({ id: 'done', createdAt: '2026-11-03T00:00:00Z', state: 'finished' });
  const runs = [old, live, done];

  expect(newestFirst(runs).map(({ id }) => id)).toEqual(['done', 'live', 'old']);
  expect(primaryRun(runs)?.id).toBe('live');
  expect(primaryRun(runs, 'old')?.id).toBe('old');
  expect(primaryRun([{ ...old, state: 'stopped' }, done], 'old')?.id).toBe('done');
  expect(primaryRun([])).toBeUndefined();
});

test('context keys follow the runs and a pending start', () => {
  const facts = { runs: [], ready: true, serverFailed: false, starting: false, filtered: false };

  expect(contextKeys(facts)).toMatchObject({ 'azr.hasRuns': false, 'azr.canStop': false });
  expect(contextKeys({ ...facts, starting: true })).toMatchObject({ 'azr.canStop': true });
  expect(contextKeys({ ...facts, runs: [overview({ state: 'stopped' })] })).toEqual({
    'azr.ready': true,
    'azr.serverFailed': false,
    'azr.hasRuns': true,
    'azr.canStop': false,
    'azr.canPause': false,
    'azr.canResume': true,
    'azr.filtered': false,
  });
});

describe('the label of a run', () => {
  const made = overview({
    name: '2026-11-25T08-23-05-azr-nano',
    createdAt: '2026-11-25T08:23:05Z',
  });

  test('is model and time, with the date on other days', () => {
    const today = new Date('2026-11-25T09:00:00Z');
    const later = new Date('2026-11-28T09:00:00Z');

    expect(runLabel(made, today, 'en')).toMatch(/^azr-nano, \d\d:\d\d$/);
    expect(runLabel(made, later, 'en')).toMatch(/^azr-nano, Nov \d\d, \d\d:\d\d$/);
  });

  test('is the name of a folder that somebody named', () => {
    expect(runLabel(overview({ name: 'ablation' }))).toBe('ablation');
  });
});

describe('a notification', () => {
  const finished = overview({ state: 'finished', heldOutBefore: 0.12, heldOutAfter: 0.25 });
  const failed = overview({
    state: 'failed',
    problem: { code: 'disk-full', message: 'The disk is full.', remedy: 'Make room.' },
  });

  test('tells of what ended by itself, with the problem and what to do', () => {
    expect(endedNotice(finished, 'all')).toEqual({
      severity: 'information',
      message:
        'The run first is finished: it solves 25 % of the held-out tasks, and solved 12 % at the start.',
    });
    expect(endedNotice(failed, 'problems')).toEqual({
      severity: 'error',
      message: 'The run first failed: The disk is full. Make room.',
    });
    const interrupted = endedNotice(overview({ state: 'interrupted' }), 'all');
    expect(interrupted?.severity).toBe('warning');
    // A resumed run deletes them: nothing may be promised of them.
    expect(String(interrupted?.message)).toContain('repeats the steps after that');
  });

  test('of an evaluation speaks of no training', () => {
    const evaluation = { suite: 'humaneval', subjects: ['a@0', 'a@80'] };
    const asked = { evaluation, heldOutBefore: 0.1, heldOutAfter: 0.2 };
    const messageOf = (state: 'finished' | 'interrupted') =>
      String(endedNotice(overview({ ...asked, state }), 'all')?.message);
    expect(messageOf('finished')).toMatch(/^Evaluation of humaneval, .* is finished\.$/);
    expect(messageOf('interrupted')).toContain('it goes on where it was');
  });

  test('is left out for what the user did, and for what the setting keeps quiet', () => {
    expect(endedNotice(overview({ state: 'stopped' }), 'all')).toBeUndefined();
    expect(endedNotice(finished, 'problems')).toBeUndefined();
    expect(endedNotice(failed, 'none')).toBeUndefined();
  });
});
