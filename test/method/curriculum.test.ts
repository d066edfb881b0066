import { expect, test } from 'vitest';

import type { StepRecord } from '../../server/protocol/records.ts';
import type { RunSettings } from '../../server/protocol/settings.ts';
import { curriculumDue } from '../../server/src/method/measuring/curriculum.ts';
import { loopFixture } from './loopFixture.ts';
import { linearPolicy } from './linearWorld.ts';
import { ScriptedEngine } from './scriptedEngine.ts';

const metricOf = ({ metrics }: StepRecord, name: string) =>
  metrics.find((metric) => metric.name === name)?.value;

/** A run whose starting model answers nothing: the policy has learned everything that it can do. */
async function runWith(settings: Partial<RunSettings>) {
  const engine = new ScriptedEngine(linearPolicy);
  engine.startPolicy = () => '-1';
  const fixture = loopFixture({ engine, settings });
  await fixture.run();
  return { ...fixture, steps: fixture.store.steps };
}

test('the starting model answers a sample of the new tasks, and its answers train nothing', async () => {
  const { engine, steps, settings } = await runWith({
    ...{ steps: 4, curriculumEverySteps: 2, curriculumTasksPerMode: 2 },
  });
  expect(steps.map((step) => metricOf(step, 'curriculum.startSolveRate') !== undefined)).toEqual(
    // Seeds; the first step; not the third; the second and the last.
    [false, true, true, false, true],
  );
  for (const step of steps.slice(1)) {
    const asked = step.rollouts.filter(({ phase }) => phase === 'curriculum');
    for (const mode of settings.modes) {
      const ofMode = asked.filter((rollout) => rollout.mode === mode);
      const accepted = step.tasks.filter((task) => task.mode === mode);
      const tasks = new Set(ofMode.map(({ taskId }) => taskId));
      if (asked.length > 0) expect(tasks.size).toBe(Math.min(2, accepted.length));
      expect(accepted.map(({ id }) => id)).toEqual(expect.arrayContaining([...tasks]));
      expect(ofMode).toHaveLength(tasks.size * settings.estimationRollouts);
    }
    expect(asked.every(({ trained, advantage }) => !trained && advantage === undefined)).toBe(true);
    const trained = step.rollouts.filter((rollout) => rollout.trained);
    const updated = engine.updateCalls[step.step - 1]?.data.length;
    expect(updated).toBeLessThanOrEqual(trained.length);
  }
  const calls = engine.sampleCalls.filter(({ parameters }) => parameters.weights === 'start');
  expect(calls).toHaveLength(3);
  expect(calls.every(({ parameters }) => parameters.temperature === settings.temperature)).toBe(
    true,
  );
});

test('both rates are means over the modes of means over the same tasks', async () => {
  const { steps, settings } = await runWith({ steps: 1, curriculumEverySteps: 1 });
  const [, step] = steps;
  const asked = new Set(
    step!.rollouts.filter(({ phase }) => phase === 'curriculum').map(({ taskId }) => taskId),
  );
  const means = settings.modes.map((mode) => {
    const rates = step!.tasks.filter((task) => task.mode === mode && asked.has(task.id));
    return rates.reduce((sum, { solveRate = 0 }) => sum + solveRate, 0) / rates.length;
  });
  expect(metricOf(step!, 'curriculum.solveRate')).toBeCloseTo(
    means.reduce((sum, rate) => sum + rate, 0) / means.length,
    12,
  );
  expect(metricOf(step!, 'curriculum.solveRate')).toBeGreaterThan(0.1);
  // "-1" is right for no task of this world.
  expect(metricOf(step!, 'curriculum.startSolveRate')).toBe(0);
  expect(metricOf(step!, 'curriculum.startSolveRate.deduction')).toBe(0);
});

test('asking the starting model changes nothing else of a run', async () => {
  const withIt = await runWith({ steps: 3, curriculumEverySteps: 1 });
  const without = await runWith({ steps: 3, curriculumEverySteps: 0 });
  const withoutAnswers = (steps: readonly StepRecord[]) =>
    steps.map(({ tasks, rollouts }) => ({
      programs: tasks.map(({ program, solveRate }) => [program, solveRate]),
      answers: rollouts
        .filter(({ phase }) => phase !== 'curriculum')
        .map(({ completion, advantage }) => [completion, advantage]),
    }));
  expect(withoutAnswers(withIt.steps)).toEqual(withoutAnswers(without.steps));
  expect(without.engine.sampleCalls.some(({ parameters }) => parameters.weights)).toBe(false);
});

test('the size of new tasks is noted in every step', async () => {
  const { steps } = await runWith({ steps: 2 });
  for (const step of steps.slice(1)) {
    const operators = step.tasks.map(({ program }) => program.match(/ [+*] /g)?.length ?? 0);
    const expected = operators.reduce((sum, count) => sum + count, 0) / operators.length;
    expect(metricOf(step, 'curriculum.constructs')).toBeCloseTo(expected, 12);
    expect(metricOf(step, 'curriculum.syntaxNodes')).toBe(9);
  }
});

test.each([
  [0, 1, false],
  [20, 1, true],
  [20, 2, false],
  [20, 40, true],
  [20, 55, true],
  [1, 7, true],
])('every %i steps: step %i of 55 is due: %s', (curriculumEverySteps, step, due) => {
  expect(curriculumDue({ curriculumEverySteps, steps: 55 }, step)).toBe(due);
});
