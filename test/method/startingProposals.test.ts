/** Proposals of the model that the run began with: which they are, and that nothing is trained on them. */
import { describe, expect, test } from 'vitest';

import { loopFixture } from './loopFixture.ts';

/** The rows of the first step, and the requests that were sampled, where so large a share is the starting model's. */
async function firstStep(startingProposals: number) {
  const { engine, run, store } = loopFixture({ settings: { steps: 1, startingProposals } });
  await run();
  const step = store.steps[1]!;
  const proposers = step.rollouts.filter(({ role }) => role === 'proposer');
  return { engine, step, proposers };
}

describe('half of the proposals', () => {
  test('are sampled from the starting weights, two of four in each mode, at the temperature of the run', async () => {
    const { engine, proposers } = await firstStep(0.5);
    for (const mode of ['deduction', 'abduction', 'induction']) {
      const phases = proposers.filter((one) => one.mode === mode).map(({ phase }) => phase);
      expect(phases.toSorted()).toEqual(['explore', 'explore', 'propose', 'propose']);
    }
    const asked = engine.sampleCalls.filter(({ parameters }) => parameters.weights === 'start');
    expect(asked).toHaveLength(1);
    expect(asked[0]!.prompts).toHaveLength(6);
    expect(asked[0]!.prompts.every((prompt) => prompt.startsWith('[propose'))).toBe(true);
    expect(asked[0]!.parameters.temperature).toBe(1);
  });

  test('are counted as one with the others while they are written', async () => {
    const { events, run } = loopFixture({ settings: { steps: 1, startingProposals: 0.5 } });
    await run();
    const progress = events.flatMap((event) =>
      event.kind === 'phase' && event.step === 1 && event.phase === 'propose'
        ? [[event.done, event.total]]
        : [],
    );
    expect(progress).toEqual([
      [0, 12],
      [6, 12],
    ]);
  });

  test('become tasks and earn rewards, but have no advantage and no part in any baseline', async () => {
    const { step, proposers } = await firstStep(0.5);
    const explored = proposers.filter(({ phase }) => phase === 'explore');
    const own = proposers.filter(({ phase }) => phase === 'propose');
    expect(explored.every(({ trained, advantage }) => !trained && advantage === undefined)).toBe(
      true,
    );
    expect(explored.every(({ reward }) => reward !== undefined)).toBe(true);
    expect(explored.some(({ taskId }) => taskId !== undefined)).toBe(true);
    expect(own.every(({ trained }) => trained)).toBe(true);
    for (const { role, mode, count, mean } of step.baselines) {
      if (role !== 'proposer') continue;
      const rewards = own.filter((one) => one.mode === mode).map(({ reward = 0 }) => reward);
      expect(count).toBe(rewards.length);
      expect(mean).toBeCloseTo(rewards.reduce((sum, reward) => sum + reward, 0) / count, 12);
    }
  });

  test('are tried by the solver, whose answers are trained on like all others', async () => {
    const { step, proposers } = await firstStep(0.5);
    const explored = proposers.filter(({ phase }) => phase === 'explore');
    const tasks = new Set(explored.flatMap(({ taskId }) => taskId ?? []));
    const answers = step.rollouts.filter(
      ({ phase, taskId = -1 }) => phase === 'estimate' && tasks.has(taskId),
    );
    expect(answers).toHaveLength(4 * tasks.size);
    expect(answers.some(({ trained }) => trained)).toBe(true);
  });

  test('stand in their place among the proposals, each beside the prompt it answers', async () => {
    const { step, proposers } = await firstStep(0.5);
    const phases = step.proposals.map(
      ({ rolloutId }) => proposers.find(({ id }) => id === rolloutId)!.phase,
    );
    expect(phases).toEqual(
      Array.from({ length: 12 }, (_, index) => (index % 2 === 0 ? 'propose' : 'explore')),
    );
    for (const { mode, rolloutId } of step.proposals) {
      expect(proposers.find(({ id }) => id === rolloutId)!.mode).toBe(mode);
    }
  });
});

describe('three quarters of them', () => {
  test.each([
    [4, 1],
    [2, 1],
    [1, 1],
    [8, 2],
  ])('of %d a mode leave %d to the trained proposer, in every mode', async (count, own) => {
    const settings = { steps: 1, startingProposals: 0.75, proposalsPerMode: count };
    const { run, store } = loopFixture({ settings });
    await run();
    for (const mode of ['deduction', 'abduction', 'induction']) {
      const written = store.steps[1]!.rollouts.filter(
        (one) => one.role === 'proposer' && one.mode === mode,
      );
      expect(written).toHaveLength(count);
      expect(written.filter(({ phase }) => phase === 'propose')).toHaveLength(own);
    }
  });
});

test('lengths and the curriculum are those of the trained proposer', async () => {
  const { step, proposers } = await firstStep(0.5);
  const own = proposers.filter(({ phase, mode }) => phase === 'propose' && mode === 'deduction');
  const metric = (name: string) => step.metrics.find((one) => one.name === name)?.value;
  const lengths = own.map(({ tokens }) => tokens.length);
  expect(metric('proposer.deduction.tokens')).toBeCloseTo(
    lengths.reduce((sum, length) => sum + length, 0) / lengths.length,
    12,
  );
  const tasks = step.tasks.filter(({ id }) =>
    proposers.some(({ phase, taskId }) => phase === 'propose' && taskId === id),
  );
  const nodes = tasks.map(({ syntaxNodes }) => syntaxNodes);
  expect(metric('curriculum.syntaxNodes')).toBeCloseTo(
    nodes.reduce((sum, count) => sum + count, 0) / nodes.length,
    12,
  );
});

test('what the monitors say about the proposer is about the trained one', async () => {
  const { step } = await firstStep(1);
  const names = step.metrics.map(({ name }) => name);
  expect(names).not.toContain('proposer.valid');
  expect(names).not.toContain('proposer.deduction.learnability');
  expect(names).toContain('solver.deduction.solveRate');
  expect(step.baselines.filter(({ role }) => role === 'proposer')).toEqual([]);
});

test('seeds are the model’s as it is, which is the starting one', async () => {
  const { engine, run, store } = loopFixture({ settings: { steps: 1, startingProposals: 1 } });
  await run();
  const seeds = store.steps[0]!.rollouts.filter(({ role }) => role === 'proposer');
  expect(seeds.every(({ phase }) => phase === 'seed')).toBe(true);
  expect(engine.sampleCalls[0]!.parameters.weights).toBeUndefined();
});
