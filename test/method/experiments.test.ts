/** What the learning report breaks on purpose does what it says, and nothing else. */
import { describe, expect, test } from 'vitest';

import type { RunSettings } from '../../server/protocol/settings.ts';
import { randomRewards, tasksOf } from '../../bench/learn/controls.ts';
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

describe('tasks from elsewhere', () => {
  const program = (index: number) => `def f(a):\n    return a * ${index + 2}`;
  const lines = Array.from({ length: 120 }, (_, index) =>
    JSON.stringify({
      mode: (['deduction', 'abduction', 'induction'] as const)[index % 3],
      program: program(index),
      examples: [4, 5, 6, 7].map((input) => ({ input: String(input), output: 'not looked at' })),
      visible: 2,
      message: 'a line',
    }),
  ).join('\n');
  const taskSource = tasksOf(`${lines}\n`);

  test('are validated, tried and learned from, with nobody to reward for them', async () => {
    const { store, engine } = await runWith({ taskSource }, { steps: 2 });
    expect(store.steps.flatMap(({ proposals }) => proposals)).toEqual([]);
    const { tasks, rollouts } = store.steps[1]!;
    expect(tasks).toHaveLength(3 * 4);
    expect(tasks.every((task) => lines.includes(JSON.stringify(task.program)))).toBe(true);
    // Gold values are executed, whatever the file says.
    expect(JSON.stringify(tasks)).not.toContain('not looked at');
    expect(rollouts.every(({ role }) => role === 'solver')).toBe(true);
    expect(rollouts.some(({ trained }) => trained)).toBe(true);
    expect(engine.sampleCalls.flatMap(({ prompts }) => prompts).join()).not.toContain('[propose');
    const ids = store.tasks().map((task) => JSON.stringify([task.mode, task.program]));
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('the same step takes the same tasks, another one others', () => {
    const request = { step: 3, round: 0, mode: 'abduction', count: 4 } as const;
    expect(taskSource.next(request)).toEqual(taskSource.next(request));
    const both = [...taskSource.next(request), ...taskSource.next({ ...request, step: 4 })];
    expect(new Set(both.map((proposal) => proposal.program)).size).toBe(8);
    expect(tasksOf('').next(request)).toEqual([]);
  });

  test('without rewards they are learned by cross-entropy alone', async () => {
    const { store, engine } = await runWith(
      { taskSource, withoutRewards: true },
      { goldLossWeight: 1, goldDocumentsPerStep: 12 },
    );
    expect(store.steps.flatMap(({ rollouts }) => rollouts)).toEqual([]);
    expect(engine.sampleCalls).toEqual([]);
    expect(engine.updateCalls).toHaveLength(3);
    for (const { objectives } of engine.updateCalls) {
      expect(objectives.map(({ loss }) => loss.kind)).toEqual(['cross_entropy']);
      expect(objectives[0]!.data).toHaveLength(12);
    }
  });
});
