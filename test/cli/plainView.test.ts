import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { RunEvent } from '../../server/protocol/events.ts';
import { plainView } from '../../server/src/cli/views/plainView.ts';
import { RunProgress } from '../../server/src/cli/views/runProgress.ts';
import { completeSettings } from '../../server/src/settings/settings.ts';

const lines: string[] = [];
const output = { line: (line: string) => lines.push(line) } as never;

beforeEach(() => {
  lines.length = 0;
  vi.useFakeTimers({ toFake: ['performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

function phase(name: 'seed' | 'probe' | 'validate', done: number, total: number): RunEvent {
  return { kind: 'phase', step: 0, phase: name, done, total };
}

test('a log tells how far a long phase is and what it has left, and repeats no line', () => {
  const progress = new RunProgress(completeSettings([{ steps: 10 }], 'test'), '/runs/one', []);
  const view = plainView(output, progress);
  for (const done of [0, 20, 40, 64]) {
    view.show(phase('seed', done, 128));
    view.show(phase('validate', 1, 9));
    vi.advanceTimersByTime(1000);
  }
  for (let done = 0; done <= 7200; done += 360) {
    view.show(phase('probe', done, 7200));
    vi.advanceTimersByTime(2000);
  }

  expect(lines).toEqual([
    'step 0: seeding the buffers 0/128',
    'step 0: measuring held-out tasks 0/7200',
    'step 0: measuring held-out tasks 1800/7200 · 30 s left',
    'step 0: measuring held-out tasks 3600/7200 · 20 s left',
    'step 0: measuring held-out tasks 5400/7200 · 10 s left',
    'step 0: measuring held-out tasks 7200/7200',
  ]);
  expect(new Set(lines).size).toBe(lines.length);
});
