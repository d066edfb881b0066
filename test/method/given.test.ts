/** Tasks of a file or a generator in the place of a proposer's: which step takes which, and what becomes of them. */
import { describe, expect, test } from 'vitest';

import type { HeldOutTask, InspectedTask } from '../../server/protocol/heldOut.ts';
import { MODES } from '../../server/protocol/vocabulary.ts';
import type { Experiment } from '../../server/src/method/experiment.ts';
import { type GivenTask, GivenTasks } from '../../server/src/method/given/givenTasks.ts';
import { runLoop } from '../../server/src/method/loop.ts';
import {
  inspectHeldOut,
  withoutProgram,
} from '../../server/src/method/measuring/inspectHeldOut.ts';
import { linearGrader } from './linearWorld.ts';
import { loopFixture } from './loopFixture.ts';

const { signal } = new AbortController();

/** As a generator writes them: nothing was executed, so outputs may be wrong. */
const generated = Array.from({ length: 120 }, (_, index): HeldOutTask => ({
  mode: MODES[index % 3]!,
  program: `def f(a):\n    return a * ${index + 2}`,
  examples: [4, 5, 6, 7].map((input) => ({ input: String(input), output: 'not looked at' })),
  visible: 2,
  message: 'a line',
}));

function deduction(factor: number): HeldOutTask {
  const program = `def f(a):\n    return a * ${factor}`;
  const examples = [{ input: '3', output: String(3 * factor) }];
  return { mode: 'deduction', program, examples, visible: 0, itemId: `times ${factor}` };
}

/** Of a file: executed and named. */
async function inspected(...factors: number[]): Promise<readonly InspectedTask[]> {
  return (await inspectHeldOut(linearGrader, factors.map(deduction), signal)).tasks;
}

function question(number: number): InspectedTask {
  const examples = [{ input: '', output: '7' }];
  const message = `Question ${number}: what is seven?`;
  return withoutProgram({
    ...{ mode: 'deduction', program: '', examples, visible: 0, message },
    itemId: `question ${number}`,
  });
}

async function runWith(
  tasks: readonly GivenTask[],
  {
    experiment,
    until = Infinity,
    fixture = loopFixture(),
    ...settings
  }: Partial<ReturnType<typeof loopFixture>['settings']> & {
    readonly experiment?: Experiment;
    readonly until?: number;
    readonly fixture?: ReturnType<typeof loopFixture>;
  },
) {
  const { dependencies, store } = fixture;
  await runLoop(
    {
      ...dependencies,
      settings: { ...dependencies.settings, ...settings },
      given: new GivenTasks(tasks, dependencies.settings.seed),
      ...(experiment && { experiment }),
    },
    { stopAfterStep: () => store.counters().lastStep >= until, signal },
  );
  return fixture;
}

describe('the order', () => {
  const named = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ ...deduction(index), itemId: String(index) }));

  test('takes every task once an epoch, each epoch in another order, without a gap', () => {
    const given = new GivenTasks(named(10), 5);
    const steps = Array.from({ length: 8 }, (_, index) => given.next('deduction', index + 1, 5));
    const all = steps.flat().map(({ itemId }) => itemId);
    expect(all).toHaveLength(40);
    const epochs = [0, 1, 2, 3].map((epoch) => all.slice(10 * epoch, 10 * epoch + 10));
    for (const epoch of epochs) expect(new Set(epoch).size).toBe(10);
    expect(new Set(epochs.map((epoch) => epoch.join())).size).toBe(4);
  });

  test('is that of the seed, whatever was asked before', () => {
    const taken = (seed: number, ...steps: number[]) => {
      const given = new GivenTasks(named(10), seed);
      return steps.map((step) => given.next('deduction', step, 3)).at(-1);
    };
    expect(taken(5, 1, 2, 3, 9)).toEqual(taken(5, 9));
    expect(taken(6, 9)).not.toEqual(taken(5, 9));
  });

  test('takes a task once in a step, also where one epoch ends in it', () => {
    const given = new GivenTasks(named(5), 1);
    for (let step = 1; step <= 50; step += 1) {
      const taken = given.next('deduction', step, 4);
      expect(new Set(taken).size).toBe(taken.length);
      expect(taken.length).toBeGreaterThan(0);
    }
    expect(given.next('deduction', 3, 100)).toHaveLength(5);
    expect(given.next('abduction', 1, 4)).toEqual([]);
  });
});

describe('generated tasks', () => {
  test('are validated, tried and learned from, with nobody to reward for them', async () => {
    const { store, engine } = await runWith(generated, { steps: 2 });
    expect(store.steps.flatMap(({ proposals }) => proposals)).toEqual([]);
    expect(store.steps[0]!.tasks).toEqual([]);
    const { tasks, rollouts, metrics } = store.steps[1]!;
    expect(tasks).toHaveLength(3 * 4);
    expect(tasks.every(({ origin }) => origin === 'given')).toBe(true);
    const programs = new Set(generated.map(({ program }) => program));
    expect(tasks.every(({ program }) => programs.has(program))).toBe(true);
    // Gold values are executed, whatever the source says.
    expect(JSON.stringify(tasks)).not.toContain('not looked at');
    expect(rollouts.every(({ role }) => role === 'solver')).toBe(true);
    expect(rollouts.some(({ trained }) => trained)).toBe(true);
    expect(engine.sampleCalls.flatMap(({ prompts }) => prompts).join()).not.toContain('[propose');
    const ids = store.tasks().map((task) => JSON.stringify([task.mode, task.program]));
    expect(new Set(ids).size).toBe(ids.length);
    // Nothing is said of a proposer.
    expect(metrics.map(({ name }) => name)).not.toContain('proposer.valid');
  });

  test('without rewards are learned by cross-entropy alone', async () => {
    const { store, engine } = await runWith(generated, {
      ...{ steps: 3, goldLossWeight: 1, goldDocumentsPerStep: 12 },
      experiment: { withoutRewards: true },
    });
    expect(store.steps.flatMap(({ rollouts }) => rollouts)).toEqual([]);
    expect(engine.sampleCalls).toEqual([]);
    expect(engine.updateCalls).toHaveLength(3);
    for (const { objectives } of engine.updateCalls) {
      expect(objectives.map(({ loss }) => loss.kind)).toEqual(['cross_entropy']);
      expect(objectives[0]!.data).toHaveLength(12);
    }
  });
});

describe('tasks of a file', () => {
  const settings = { modes: ['deduction'], proposalsPerMode: 2, unsolvedTasksPerMode: 0 } as const;

  test('become rows once, and are tried again in every later epoch', async () => {
    const tasks = await inspected(2, 3, 4, 5);
    const { store } = await runWith(tasks, { ...settings, steps: 4 });
    expect(store.steps.map((step) => step.tasks.length)).toEqual([0, 2, 2, 0, 0]);
    expect(store.steps.map((step) => step.attempts.length)).toEqual([0, 0, 0, 2, 2]);
    const named = store.tasks().map(({ itemId }) => itemId);
    expect(new Set(named).size).toBe(4);
    const phases = store.steps[3]!.rollouts.map(({ phase }) => phase);
    expect(new Set(phases)).toEqual(new Set(['replay']));
  });

  test('are the same after a resume', async () => {
    const tasks = await inspected(2, 3, 4, 5, 6);
    const whole = await runWith(tasks, { ...settings, steps: 6 });
    const parted = await runWith(tasks, { ...settings, steps: 6, until: 3 });
    expect(parted.store.counters().lastStep).toBe(3);
    await runWith(tasks, { ...settings, steps: 6, fixture: parted });
    const rows = ({ store }: typeof whole) =>
      store.steps.map((step) => [
        step.tasks,
        step.attempts,
        step.rollouts.map((one) => one.taskId),
      ]);
    expect(rows(parted)).toEqual(rows(whole));
  });

  test('in words are told apart by their names, and teach the interpreter nothing', async () => {
    const tasks = [1, 2, 3, 4].map(question);
    const fixture = loopFixture();
    const asking = {
      prompt: (task: { readonly message?: string }) =>
        ({ kind: 'text', text: task.message ?? '' }) as const,
      readAnswer: (_task: object, completion: string) => completion.trim(),
    };
    Object.assign(fixture.dependencies, { asking });
    const { store, engine } = await runWith(tasks, {
      ...{ ...settings, steps: 2, goldLossWeight: 1, goldDocumentsPerStep: 4, harvestInputs: 2 },
      fixture,
    });
    expect(store.tasks()).toHaveLength(4);
    expect(store.steps.flatMap(({ goldDocuments }) => goldDocuments)).toEqual([]);
    expect(store.steps.flatMap(({ harvests }) => harvests)).toEqual([]);
    const asked = engine.sampleCalls.flatMap(({ prompts }) => prompts).join();
    for (const { message } of tasks) expect(asked).toContain(message);
  });

  test('that equal a held-out program are refused, and a step without any says why', async () => {
    const heldOut = await inspectHeldOut(linearGrader, [deduction(2)], signal);
    const fixture = loopFixture();
    Object.assign(fixture.dependencies, { heldOut });
    const tasks = await inspected(2, 3);
    const { store } = await runWith(tasks, { ...settings, steps: 1, fixture });
    expect(store.steps[1]!.tasks.map(({ itemId }) => itemId)).toEqual(['times 3']);
    expect(store.steps[1]!.metrics).toContainEqual({ step: 1, name: 'given.refused', value: 1 });

    const none = loopFixture();
    Object.assign(none.dependencies, { heldOut });
    const failing = runWith(await inspected(2), { ...settings, steps: 1, fixture: none });
    await expect(failing).rejects.toMatchObject({
      code: 'no-tasks',
      message: 'None of the 1 tasks of step 1 can be used: held-out.',
    });
  });
});
