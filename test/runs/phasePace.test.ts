import { expect, test } from 'vitest';

import { PhasePace } from '../../server/src/runs/phasePace.ts';

const phase = { kind: 'phase', step: 0, phase: 'probe', total: 1440 } as const;

test('a phase has left what it takes to do the rest as fast as what was done', () => {
  const pace = new PhasePace();

  expect(pace.remainingMs({ ...phase, done: 0 }, 5_000)).toBeUndefined();
  expect(pace.remainingMs({ ...phase, done: 0 }, 6_000)).toBeUndefined();
  // 360 in 9 s are 25 ms each; 1080 are left.
  expect(pace.remainingMs({ ...phase, done: 360 }, 14_000)).toBe(27_000);
  expect(pace.remainingMs({ ...phase, done: 1440 }, 41_000)).toBe(0);
});

test('what somebody who comes in the middle has not seen counts for nothing', () => {
  const pace = new PhasePace();

  expect(pace.remainingMs({ ...phase, done: 720 }, 0)).toBeUndefined();
  expect(pace.remainingMs({ ...phase, done: 1080 }, 9_000)).toBe(9_000);
});

test('another phase, and the same one of another step, start anew', () => {
  const pace = new PhasePace();
  pace.remainingMs({ ...phase, done: 0 }, 0);

  expect(pace.remainingMs({ ...phase, phase: 'seed', done: 9 }, 1_000)).toBeUndefined();
  expect(pace.remainingMs({ ...phase, step: 20, done: 9 }, 2_000)).toBeUndefined();
});
