import { describe, expect, test } from 'vitest';

import { loopFixture, timeless } from './loopFixture.ts';

/** A control that pauses after each of `steps`; `during` sees what is there while it waits. */
function pausing(steps: readonly number[], lastStep: () => number, during: () => void) {
  return {
    pauseAfterStep: () => steps.includes(lastStep()),
    resumed: () => {
      during();
      return Promise.resolve();
    },
  };
}

describe('a paused loop', () => {
  test('has saved the policy of its last step before it waits, and goes on as if nothing was', async () => {
    const unbroken = loopFixture({ settings: { steps: 5, checkpointEverySteps: 100 } });
    await unbroken.run();
    const paused = loopFixture({ settings: { steps: 5, checkpointEverySteps: 100 } });
    const { store } = paused;
    const seen: { lastStep: number; checkpoint: number | undefined }[] = [];
    const control = pausing(
      [0, 2, 3],
      () => store.counters().lastStep,
      () => {
        const checkpoint = store.checkpoints.at(-1)?.step;
        seen.push({ lastStep: store.counters().lastStep, checkpoint });
      },
    );
    expect(await paused.run(control)).toEqual({ reason: 'steps', lastStep: 5 });
    expect(seen).toEqual([
      { lastStep: 0, checkpoint: undefined },
      { lastStep: 2, checkpoint: 2 },
      { lastStep: 3, checkpoint: 3 },
    ]);
    expect(store.steps.map(timeless)).toEqual(unbroken.store.steps.map(timeless));
  });

  test('does not wait after the last step', async () => {
    const { run, store } = loopFixture({ settings: { steps: 2 } });
    let waits = 0;
    const control = pausing(
      [2],
      () => store.counters().lastStep,
      () => (waits += 1),
    );
    expect(await run(control)).toEqual({ reason: 'steps', lastStep: 2 });
    expect(waits).toBe(0);
  });

  test.each([
    { when: 'cleanly', stopped: true, aborted: false },
    { when: 'at once', stopped: false, aborted: true },
  ])('stops $when while it waits, without another step', async ({ stopped, aborted }) => {
    const { run, store } = loopFixture({ settings: { steps: 5, checkpointEverySteps: 100 } });
    const abort = new AbortController();
    let waited = false;
    const outcome = await run({
      signal: abort.signal,
      stopAfterStep: () => stopped && waited,
      pauseAfterStep: () => store.counters().lastStep === 2,
      resumed: () => {
        waited = true;
        if (aborted) abort.abort();
        return Promise.resolve();
      },
    });
    expect(outcome).toEqual({ reason: 'stopped', lastStep: 2 });
    expect(store.checkpoints.map(({ step }) => step)).toEqual([2]);
  });
});
