import { describe, expect, test } from 'vitest';

import type { RunEvent } from '../../server/protocol/events.ts';
import { liveFrame } from '../../server/src/cli/views/liveFrame.ts';
import { RunProgress } from '../../server/src/cli/views/runProgress.ts';
import {
  durationText,
  paintFor,
  progressBar,
  shown,
  sparkline,
} from '../../server/src/cli/terminal/terminalText.ts';
import { completeSettings } from '../../server/src/settings/settings.ts';

const plain = paintFor({});

function progressAfter(events: readonly RunEvent[], steps = 10): RunProgress {
  const settings = completeSettings([{ steps, estimationRollouts: 4 }], 'test');
  const progress = new RunProgress(settings, '/runs/one', []);
  for (const event of events) progress.apply(event);
  return progress;
}

function stepEvent(step: number, metrics: Record<string, number> = {}): RunEvent {
  return {
    kind: 'step',
    step,
    durationMs: 2000,
    generatedTokens: 500,
    trainedTokens: 500,
    metrics: Object.entries(metrics).map(([name, value]) => ({ step, name, value })),
  };
}

const task: RunEvent = {
  kind: 'task',
  step: 3,
  mode: 'deduction',
  program: 'def f(x):\n\treturn x\u001b[2J',
  input: "'a\nb'",
  output: '1',
  solveRate: 0.75,
};

describe('the live view', () => {
  const events = [
    stepEvent(0, { 'probe.greedy.mean': 0.2 }),
    stepEvent(1, { 'solver.deduction.solveRate': 0.41, 'proposer.deduction.valid': 0.9 }),
    stepEvent(2, {
      'probe.greedy.mean': 0.3,
      'probe.passK.mean': 0.4,
      'probe.greedy.deduction': 0.35,
    }),
    task,
  ];

  test('shows step, pace, shares per mode, the held-out curve and the last task', () => {
    const frame = liveFrame(progressAfter(events), undefined, { columns: 100, rows: 40 }, plain);
    const text = frame.join('\n');
    expect(text).toMatch(/step 2\/10/);
    // 500 tokens in 2 s, and 8 steps of 2 s each; the seeding does not count.
    expect(text).toContain('250 tokens/s · 16 s left');
    expect(text).toMatch(/deduction +90 % +– +41 % +35 %/);
    expect(text).toContain('held-out   greedy 20 % ▁█ 30 %  pass@4 40 %');
    expect(text).toContain('deduction ✓✓✓✗');
    expect(text).toContain("f('a⏎b') → 1");
  });

  test('never lets a program reach the terminal', () => {
    const frame = liveFrame(progressAfter(events), undefined, { columns: 100, rows: 40 }, plain);
    expect(frame.join('\n')).not.toContain('\u001b');
    expect(frame.join('\n')).toContain('    return x␛[2J');
  });

  test.each([1, 5, 10, 13, 200])('fits a screen of %i rows', (rows) => {
    const frame = liveFrame(progressAfter(events), undefined, { columns: 40, rows }, plain);
    expect(frame.length).toBeLessThanOrEqual(rows);
    expect(frame.join('')).not.toContain('\n');
  });

  test('says that it is stopping', () => {
    const frame = liveFrame(
      progressAfter([]),
      'Finishing. Ctrl-C again stops at once.',
      { columns: 80, rows: 40 },
      plain,
    );
    expect(String(frame.at(-1))).toContain('Ctrl-C again stops at once');
  });

  test('a resumed run replaces what it measures again', () => {
    const progress = progressAfter([stepEvent(2, { 'probe.greedy.mean': 0.3 })]);
    progress.apply(stepEvent(2, { 'probe.greedy.mean': 0.4 }));
    expect(progress.heldOut).toEqual([0.4]);
  });
});

describe('text for terminals', () => {
  test('durations', () => {
    expect([800, 9_949, 42_000, 185_000, 7_800_000].map(durationText)).toEqual([
      ...['0.8 s', '9.9 s', '42 s', '3 min 5 s', '2 h 10 min'],
    ]);
  });

  test('sparklines span from the smallest to the largest of what is shown', () => {
    expect(sparkline([0, 0.5, 1], 10)).toBe('▁▅█');
    expect(sparkline([9, 0, 1], 2)).toBe('▁█');
    expect(sparkline([3, 3], 10)).toBe('▅▅');
  });

  test('bars are full at the end and never longer', () => {
    expect(progressBar(1, 4, 8)).toBe('██░░░░░░');
    expect(progressBar(9, 4, 8)).toBe('████████');
    expect(progressBar(0, 0, 3)).toBe('░░░');
  });

  test('nothing that a terminal obeys or that reorders text comes through', () => {
    const hostile = 'a\u001b]0;x\u0007\r\u009b1m\u202eb\tc\nd';
    expect(String(shown`${hostile}`)).toBe('a␛]0;x␇␍◊1m◊b\tc\nd');
  });

  test('colours only where they are wanted', () => {
    const before = process.env['NO_COLOR'];
    delete process.env['NO_COLOR'];
    expect(paintFor({ hasColors: () => true })('bold', 'x').toString()).toBe(
      '\u001b[1mx\u001b[22m',
    );
    expect(paintFor({ hasColors: () => false })('bold', 'x').toString()).toBe('x');
    expect(paintFor({})('bold', 'x').toString()).toBe('x');
    process.env['NO_COLOR'] = '1';
    expect(paintFor({ hasColors: () => true })('bold', 'x').toString()).toBe('x');
    if (before === undefined) delete process.env['NO_COLOR'];
    else process.env['NO_COLOR'] = before;
  });
});
