import { describe, expect, test } from 'vitest';

import { Ledger } from '../../server/src/method/ledger.ts';
import { loopFixture } from './loopFixture.ts';

const NOTHING_YET = {
  lastStep: 0,
  lastTaskId: 0,
  lastProposalId: 0,
  lastRolloutId: 0,
  lastGroup: 0,
};

function phaseDurations(metrics: readonly { name: string; value: number }[]) {
  const durations = metrics.filter(({ name }) => name.startsWith('phase.'));
  return Object.fromEntries(durations.map(({ name, value }) => [name, value]));
}

describe('the time of phases', () => {
  test('is what lies between entering one and entering the next, added up per phase', () => {
    const ledger = new Ledger(1, NOTHING_YET, 1000);
    ledger.enterPhase('propose', 1100);
    ledger.enterPhase('solve', 1600);
    ledger.enterPhase('propose', 1650);
    ledger.enterPhase('update', 1660);
    const { metrics, durationMs } = ledger.close(2660);
    expect(phaseDurations(metrics)).toEqual({
      'phase.propose.durationMs': 510,
      'phase.solve.durationMs': 50,
      'phase.update.durationMs': 1000,
    });
    expect(durationMs).toBe(1660);
  });

  test('is noted for every phase of every step, by the clock that the loop was given', async () => {
    const { run, store } = loopFixture({ settings: { steps: 2, replayTasksPerMode: 2 } });
    await run();
    const [seeding, step] = store.steps;
    expect(Object.keys(phaseDurations(seeding!.metrics))).toEqual([
      ...['phase.propose.durationMs', 'phase.validate.durationMs'],
    ]);
    const durations = phaseDurations(step!.metrics);
    expect(Object.keys(durations)).toEqual([
      ...['phase.propose.durationMs', 'phase.validate.durationMs', 'phase.estimate.durationMs'],
      ...['phase.update.durationMs'],
    ]);
    const sum = Object.values(durations).reduce((total, duration) => total + duration, 0);
    // The clock of the fixture advances a second per look: one look lies before the first phase.
    expect(sum).toBe(step!.durationMs - 1000);
  });
});
