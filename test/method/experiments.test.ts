/** What the learning report breaks on purpose does what it says, and nothing else. */
import { describe, expect, test } from 'vitest';

import type { RunSettings } from '../../server/protocol/settings.ts';
import { randomRewards } from '../../bench/learn/controls.ts';
import type { Experiment } from '../../server/src/method/experiment.ts';
import { runLoop } from '../../server/src/method/loop.ts';
import { loopFixture } from './loopFixture.ts';

async function runWith(experiment: Experiment, changes: Partial<RunSettings> = {}) {
  const fixture = loopFixture({ settings: { steps: 3, ...changes } });
  await runLoop(
    { ...fixture.dependencies, experiment },
    { stopAfterStep: () => false, signal: new AbortController().signal },
  );
  return fixture;
}

describe('random rewards', () => {
  test('are those of the batch, dealt anew: as many right ones, and no sign of who earned them', async () => {
    const settings = { proposalsPerMode: 32, unsolvedTasksPerMode: 0, steps: 1 };
    const plain = (await runWith({}, settings)).store.steps[1]!;
    const dealt = (await runWith(randomRewards(7), settings)).store.steps[1]!;
    const answers = (step: typeof plain) => step.rollouts.filter(({ role }) => role === 'solver');
    const verdicts = (step: typeof plain, mode: string) =>
      answers(step)
        .filter((answer) => answer.mode === mode)
        .map(({ verdict }) => verdict)
        .sort();
    for (const mode of ['deduction', 'abduction', 'induction']) {
      expect(verdicts(dealt, mode)).toEqual(verdicts(plain, mode));
    }
    expect(answers(dealt).map(({ completion }) => completion)).toEqual(
      answers(plain).map(({ completion }) => completion),
    );
    const moved = answers(dealt).filter(
      ({ verdict }, index) => verdict !== answers(plain)[index]!.verdict,
    );
    expect(moved.length).toBeGreaterThan(answers(plain).length / 4);
    for (const { verdict, reward = 0, rewardTerms } of answers(dealt)) {
      expect(reward === 1).toBe(verdict === 'correct');
      expect(rewardTerms.reduce((sum, { value }) => sum + value, 0)).toBe(reward);
    }
    // Solve rates, and with them what proposers earn, follow from what was dealt.
    for (const task of dealt.tasks) {
      const group = answers(dealt).filter(({ taskId }) => taskId === task.id);
      const right = group.filter(({ verdict }) => verdict === 'correct').length;
      expect(task.solveRate).toBe(right / group.length);
    }
  });
});
