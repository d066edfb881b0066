/** The values are worked out by hand from the times of the events. */
import { expect, test } from 'vitest';

import type { RunEvent } from '../../server/protocol/events.ts';
import { ProbeCost } from '../../server/src/run/probeCost.ts';

const MINUTE_MS = 60_000;
const SETTINGS = { steps: 10, probeEverySteps: 5, probeSampleEverySteps: 100, probeSamples: 3 };

function phase(step: number, name: 'seed' | 'probe' | 'propose'): RunEvent {
  return { kind: 'phase', step, phase: name, done: 0, total: 1 };
}

function step(number: number, durationMs: number): RunEvent {
  const tokens = { generatedTokens: 0, trainedTokens: 0 };
  return { kind: 'step', step: number, durationMs, ...tokens, metrics: [] };
}

/** All that is told when seeding takes a minute, the first measurement `probe` and each step `other` minutes. */
function told(probe: number, other: number): string[] {
  const cost = new ProbeCost(SETTINGS);
  const events: [number, RunEvent][] = [
    [0, phase(0, 'seed')],
    [1, phase(0, 'probe')],
    [1 + probe / 2, phase(0, 'probe')],
    [1 + probe, step(0, (1 + probe) * MINUTE_MS)],
    [1 + probe, phase(1, 'propose')],
    [1 + probe + other, step(1, other * MINUTE_MS)],
    [1 + probe + 2 * other, step(2, other * MINUTE_MS)],
  ];
  return events.flatMap(([at, event]) => cost.hear(event, at * MINUTE_MS) ?? []);
}

test('a measurement that takes more than a tenth of the run is told of, once', () => {
  // In full after steps 0 and 10, and greedily after steps 1 and 5: 6 · (2 + 2/4) = 15 minutes of 15 + 10 · 4.
  const messages = told(6, 4);
  expect(messages).toHaveLength(1);
  expect(messages[0]).toContain('took 6.0 min, and will be about 27 % of this run (15 min)');
});

test('one that takes less, or that is over within a minute, is not', () => {
  // 5 minutes of 5 + 10 · 4.5 are a tenth.
  expect(told(2, 4.55)).toEqual([]);
  expect(told(2, 4.45)).toHaveLength(1);
  expect(told(0.9, 0.01)).toEqual([]);
});
