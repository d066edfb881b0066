import { expect, test } from 'vitest';

import type { RewardStory } from '../../server/protocol/rewardStory.ts';
import { destination, matchingStage, moveOfKey } from '../../webview/src/rewards/stepperMoves.ts';
import { readRecording, storyOf } from './harness/recordedHost.ts';

const recording = readRecording();
const solver = storyOf(recording, 'solver');
const proposer = storyOf(recording, 'proposer');
const last = solver.stages.length - 1;

test('stages are walked within their ends', () => {
  expect(destination(solver, 0, 'next')).toEqual({ kind: 'stage', stage: 1 });
  expect(destination(solver, last, 'next').kind).toBe('nowhere');
  expect(destination(solver, 0, 'previous').kind).toBe('nowhere');
  expect(destination(solver, 3, 'first')).toEqual({ kind: 'stage', stage: 0 });
  expect(destination(solver, 3, 'last')).toEqual({ kind: 'stage', stage: last });
});

test('up leads from an attempt to its proposal, down from there to the first attempt', () => {
  expect(destination(solver, 0, 'up')).toEqual({
    kind: 'rollout',
    rolloutId: recording.rollouts['proposer'],
  });
  expect(destination(proposer, 0, 'down')).toEqual({
    kind: 'rollout',
    rolloutId: recording.rollouts['attempt'],
  });
  expect(destination(proposer, 0, 'up').kind).toBe('nowhere');
  expect(destination(solver, 0, 'down').kind).toBe('nowhere');
});

test('a story without siblings says so', () => {
  const alone: RewardStory = { ...solver, links: {} };

  for (const move of ['best', 'worst', 'up'] as const) {
    const to = destination(alone, 0, move);
    expect(to.kind).toBe('nowhere');
  }
});

test('another rollout is shown at the same stage, else at its first', () => {
  expect(matchingStage(solver, 'baseline')).toBe(
    solver.stages.findIndex(({ kind }) => kind === 'baseline'),
  );
  expect(matchingStage(proposer, 'execution')).toBe(0);
  expect(matchingStage(solver, undefined)).toBe(0);
});

test('keys that mean nothing here are left alone', () => {
  expect(moveOfKey('ArrowRight')).toBe('next');
  expect(moveOfKey('b')).toBe('best');
  expect(moveOfKey('Tab')).toBeUndefined();
});
