import { describe, expect, test } from 'vitest';

import type { RunState } from '../../server/protocol/runs.ts';
import { RunSteering } from '../../server/src/run/runSteering.ts';

/** A run under way, and the states that its listeners are told. */
function steeredRun() {
  const steering = new RunSteering();
  const told: RunState[] = [];
  steering.onChange(() => told.push(steering.state));
  return { steering, control: steering.control, told };
}

async function isSettled(promise: Promise<void>): Promise<boolean> {
  const pending = Symbol('pending');
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
}

describe('steering', () => {
  test('a run starts, runs, pauses after its step, and goes on', async () => {
    const { steering, control, told } = steeredRun();
    expect(steering.state).toBe('starting');
    steering.started();
    steering.pause();
    expect(control.pauseAfterStep!()).toBe(true);
    const resumed = control.resumed!();
    expect(steering.state).toBe('paused');
    expect(await isSettled(resumed)).toBe(false);
    steering.resume();
    await resumed;
    expect(control.pauseAfterStep!()).toBe(false);
    expect(control.stopAfterStep()).toBe(false);
    expect(told).toEqual(['running', 'pausing', 'paused', 'running']);
  });

  test('a pause that was taken back in time is none', async () => {
    const { steering, control, told } = steeredRun();
    steering.started();
    steering.pause();
    steering.resume();
    await control.resumed!();
    expect(told).toEqual(['running', 'pausing', 'running']);
  });

  test('a pause while the engine starts holds after the first step', () => {
    const { steering, control } = steeredRun();
    steering.pause();
    expect(steering.state).toBe('starting');
    steering.started();
    expect(steering.state).toBe('pausing');
    expect(control.pauseAfterStep!()).toBe(true);
  });

  test.each(['after-step', 'now'] as const)('a stop %s ends a pause at once', async (when) => {
    const { steering, control, told } = steeredRun();
    steering.started();
    steering.pause();
    const resumed = control.resumed!();
    steering.stop(when);
    await resumed;
    expect(control.stopAfterStep()).toBe(true);
    expect(control.signal.aborted).toBe(when === 'now');
    expect(told.at(-1)).toBe('stopping');
  });

  test('a stop can become more urgent, never less, and nothing undoes it', () => {
    const { steering, control, told } = steeredRun();
    steering.started();
    steering.stop('after-step');
    steering.pause();
    steering.resume();
    expect(steering.stopWanted).toBe('after-step');
    expect(control.pauseAfterStep!()).toBe(false);
    steering.stop('now');
    steering.stop('after-step');
    expect(steering.stopWanted).toBe('now');
    expect(told).toEqual(['running', 'stopping', 'stopping']);
  });

  test('who no longer listens is told nothing', () => {
    const steering = new RunSteering();
    let times = 0;
    const stopListening = steering.onChange(() => (times += 1));
    steering.started();
    stopListening();
    steering.pause();
    expect(times).toBe(1);
  });
});
