import { ProblemError } from '../../server/protocol/problem.ts';
import { describe, expect, test } from 'vitest';

import type { StepRecord } from '../../server/protocol/records.ts';
import type { Grader } from '../../server/protocol/sandbox.ts';
import type { RunSettings } from '../../server/protocol/settings.ts';
import type { HeldOutTask } from '../../server/protocol/heldOut.ts';
import { heldOutSetOf } from '../../server/src/method/measuring/inspectHeldOut.ts';
import { proposedTask } from '../../server/src/method/proposals/judgeProposal.ts';
import { runLoop } from '../../server/src/method/loop.ts';
import { TaskMemory } from '../../server/src/method/memory/taskMemory.ts';
import { linearGrader, linearPolicy, type Policy } from './linearWorld.ts';
import { loopFixture, timeless } from './loopFixture.ts';
import { MemoryStore } from './memoryStore.ts';
import { toySettings } from './sampleTasks.ts';
import { ScriptedEngine } from './scriptedEngine.ts';

function stepOf(store: MemoryStore, step: number): StepRecord {
  const record = store.steps[step];
  if (record?.step !== step) {
    throw new Error(`Step ${step} was not committed.`);
  }
  return record;
}

/** A run of `steps` steps with a policy of one's own from step 1 on. */
async function afterSeeding(policy: Policy, fixture = loopFixture()) {
  let stepsSeen = 0;
  await fixture.run({
    stopAfterStep: () => {
      stepsSeen += 1;
      fixture.engine.policy = policy;
      return stepsSeen === 1;
    },
  });
  return fixture;
}

describe('seeding', () => {
  test('starts from the identity triplet and fills every buffer before anything is trained', async () => {
    const { store, settings, engine, run } = loopFixture();
    engine.onCall = (name) => {
      if (name === 'update') {
        expect(store.steps.length).toBeGreaterThan(0);
      }
    };
    await run();
    const { tasks, rollouts, proposals, baselines } = stepOf(store, 0);
    const identity = tasks.filter(({ program }) => program === 'def f(a):\n    return a');
    expect(identity.slice(0, 2).map(({ mode, examples }) => [mode, examples])).toEqual(
      ['deduction', 'abduction'].map((mode) => [
        mode,
        [{ input: "'Hello world'", output: "'Hello world'" }],
      ]),
    );
    for (const mode of settings.modes) {
      const ofMode = tasks.filter((task) => task.mode === mode);
      expect(ofMode.length, mode).toBeGreaterThanOrEqual(settings.seedTasks);
      expect(ofMode.every(({ solveRate }) => solveRate === undefined)).toBe(true);
    }
    expect(rollouts.every(({ phase, trained }) => phase === 'seed' && !trained)).toBe(true);
    expect(proposals.length).toBe(rollouts.length);
    expect(baselines).toEqual([]);
  });

  test('abduction and deduction share their seeds', async () => {
    const { store, run } = loopFixture();
    await run();
    const seedsOf = (mode: string) =>
      stepOf(store, 0)
        .tasks.filter((task) => task.mode === mode)
        .map(({ program, examples }) => [program, examples]);
    expect(seedsOf('abduction')).toEqual(seedsOf('deduction'));
  });

  test('a model that cannot propose is told so, with counts, reasons and a remedy', async () => {
    const { store, run, engine } = loopFixture({ engine: new ScriptedEngine(() => 'no idea') });
    const error = await run().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ProblemError);
    const { code, message, remedy } = error as ProblemError;
    expect(code).toBe('cannot-propose');
    // A round of four, then seven of the five that are missing; the identity task is the one seed.
    expect(message).toContain('1 of 6 seeds in 39 proposals');
    expect(message).toContain('format 39');
    expect(remedy).toContain('seedTasks');
    expect(store.steps).toEqual([]);
    expect(engine.updateCalls).toEqual([]);
  });

  test('reference defect 12, endless loop over long prompts: the run ends with a remedy', async () => {
    const engine = new ScriptedEngine(linearPolicy, { contextTokens: 20 });
    await expect(loopFixture({ engine }).run()).rejects.toMatchObject({ code: 'prompt-too-long' });
  });

  test('a solver prompt that would be too long refuses the task, and seeding still ends', async () => {
    const fixture = loopFixture({ settings: { maximumPromptTokens: 40, references: 0 } });
    await expect(fixture.run()).rejects.toMatchObject({
      code: 'cannot-propose',
      message: expect.stringContaining('prompt-too-long') as string,
    });
  });

  test('a proposer is shown as many references as asked for, all of its own mode', async () => {
    const { store, run } = loopFixture({ settings: { steps: 2, references: 3 } });
    await run();
    const modes = new Map(store.tasks().map(({ id, mode }) => [id, mode]));
    const proposals = store.steps.slice(1).flatMap(({ proposals: all }) => all);
    const shown = proposals.filter(({ mode }) => mode !== 'induction');
    expect(shown).toHaveLength(2 * 2 * 4);
    for (const { mode, referenceTaskIds } of shown) {
      expect(referenceTaskIds.map((id) => modes.get(id))).toEqual([mode, mode, mode]);
    }
  });

  test('a proposer prompt that would be too long shows fewer references', async () => {
    const { store, run } = loopFixture({ settings: { maximumPromptTokens: 110, references: 6 } });
    await run();
    const proposals = stepOf(store, 1).proposals.filter(({ mode }) => mode !== 'induction');
    const shown = proposals.map(({ referenceTaskIds }) => referenceTaskIds.length);
    expect(Math.max(...shown)).toBeLessThan(6);
    expect(Math.max(...shown)).toBeGreaterThan(0);
  });
});

describe('programs too long for an induction prompt', () => {
  /** From step 1 on every new program is longer than the induction prompt may be, but not than a solver's. */
  const digits = '9'.repeat(100);
  const longPrograms: Policy = (prompt, random) =>
    prompt.startsWith('[propose deduction') || prompt.startsWith('[propose abduction')
      ? `def f(a):\n    return a * ${String(1e8 + random.integer(9e8))}${digits}\n# 0`
      : linearPolicy(prompt, random);
  const settings = {
    steps: 6,
    references: 0,
    learnabilityGate: false,
    maximumProposalTokens: 160,
    maximumPromptTokens: 162,
  };

  test('others are drawn while there are any', async () => {
    const { store } = await runToEnd({ ...settings, bufferCapacity: 200 });
    const late = store.steps.slice(3).flatMap(({ proposals }) => proposals);
    const programs = new Map(store.tasks().map(({ id, program }) => [id, program]));
    const induction = late.filter(({ mode }) => mode === 'induction');
    expect(store.tasks().some(({ program }) => program.includes(digits))).toBe(true);
    expect(induction).toHaveLength(4 * 4);
    for (const { referenceTaskIds } of induction) {
      expect(programs.get(referenceTaskIds[0] ?? -1)).not.toContain(digits);
    }
  });

  test('with none left they are skipped and counted, and the run goes on', async () => {
    const { store, outcome } = await runToEnd({
      ...settings,
      bufferCapacity: 2,
      bufferPolicy: 'fifo',
    });
    expect(outcome).toEqual({ reason: 'steps', lastStep: 6 });
    const { proposals, metrics } = stepOf(store, 6);
    expect(proposals.map(({ mode }) => mode)).not.toContain('induction');
    expect(proposals.length).toBeGreaterThan(0);
    expect(metrics).toContainEqual({ step: 6, name: 'proposer.induction.skipped', value: 4 });
  });

  async function runToEnd(changes: Partial<RunSettings>) {
    const fixture = await afterSeeding(longPrograms, loopFixture({ settings: changes }));
    const outcome = await fixture.run();
    return { store: fixture.store, outcome };
  }
});

test('no two requests of a run are sampled with the same seed', async () => {
  for (const preset of ['studio', 'paper'] as const) {
    const { engine, run } = loopFixture({ settings: { preset, steps: 3, replayTasksPerMode: 2 } });
    await run();
    const seeds = engine.sampleCalls.map(({ parameters }) => parameters.seed);
    expect(seeds.length).toBeGreaterThan(8);
    expect(new Set(seeds).size).toBe(seeds.length);
  }
});

describe('one step of the studio preset', () => {
  test('trains on the groups of the estimation that pass the gate, in one update', async () => {
    const { store, engine, run, settings } = loopFixture({ settings: { steps: 1 } });
    await run();
    const { rollouts, tasks, baselines } = stepOf(store, 1);
    const proposals = rollouts.filter(({ phase }) => phase === 'propose');
    const estimates = rollouts.filter(({ phase }) => phase === 'estimate');
    expect(proposals).toHaveLength(3 * settings.proposalsPerMode);
    expect(proposals.every(({ trained }) => trained)).toBe(true);
    expect(tasks.length).toBeGreaterThan(3);
    expect(estimates).toHaveLength(tasks.length * settings.estimationRollouts);
    expect(rollouts).toHaveLength(proposals.length + estimates.length);
    const rates = tasks.map(({ solveRate }) => solveRate ?? -1);
    expect(rates.some((rate) => rate === 0 || rate === 1)).toBe(true);
    expect(rates.some((rate) => rate > 0 && rate < 1)).toBe(true);
    for (const task of tasks) {
      const group = estimates.filter(({ taskId }) => taskId === task.id);
      const correct = group.filter(({ verdict }) => verdict === 'correct').length;
      expect(task.solveRate).toBe(correct / settings.estimationRollouts);
      expect(task.learnability).toBe(
        correct === 0 || correct === group.length ? 0 : 1 - correct / group.length,
      );
      const gated = correct === 0 || correct === group.length;
      expect(group.every(({ trained }) => trained !== gated)).toBe(true);
      expect(new Set(group.map(({ group: number }) => number)).size).toBe(1);
    }
    const trained = rollouts.filter((rollout) => rollout.trained);
    for (const { role, mode, count } of baselines) {
      expect(count).toBe(trained.filter((r) => r.role === role && r.mode === mode).length);
    }
    expect(engine.updateCalls).toHaveLength(1);
    const withGradient = trained.filter(({ advantage }) => advantage !== 0);
    const data = engine.updateCalls[0]?.data ?? [];
    expect(data.map((datum) => datum.completionTokens).sort()).toEqual(
      withGradient.map(({ tokens }) => tokens).sort(),
    );
  });

  test('pushes right answers up and wrong ones of the same task down', async () => {
    const { store, run } = loopFixture({ settings: { steps: 1 } });
    await run();
    const answers = stepOf(store, 1).rollouts.filter(
      ({ role, trained }) => role === 'solver' && trained,
    );
    expect(answers.length).toBeGreaterThan(8);
    for (const { verdict, advantage = 0 } of answers) {
      expect(Math.sign(advantage)).toBe(
        verdict === 'correct' ? 1 : Math.sign(Math.min(advantage, 0)),
      );
      expect(advantage > 0).toBe(verdict === 'correct');
    }
  });

  test('the update carries the paper-size of each loss setting', async () => {
    const { engine, run, settings } = loopFixture({
      settings: { steps: 1, learningRateDecay: 'none' },
    });
    await run();
    expect(engine.updateCalls[0]?.loss).toEqual({ kind: 'ppo', clipLow: 0.2, clipHigh: 0.28 });
    expect(engine.updateCalls[0]?.adam).toEqual({
      learningRate: settings.learningRate,
      beta1: 0.9,
      beta2: 0.95,
      epsilon: 1e-8,
      weightDecay: 0,
      gradientClipNorm: 1,
    });
  });

  test('replays earlier tasks of the chosen modes only, as groups', async () => {
    const { store, run } = loopFixture({
      settings: { steps: 2, modes: ['deduction'], replayTasksPerMode: 3 },
    });
    await run();
    for (const { step, rollouts } of store.steps.slice(1)) {
      const replayed = rollouts.filter(({ phase }) => phase === 'replay');
      expect(replayed).toHaveLength(3 * 4);
      expect(new Set(replayed.map(({ mode }) => mode))).toEqual(new Set(['deduction']));
      const taskSteps = store.tasks().filter(({ id }) => replayed.some((r) => r.taskId === id));
      expect(taskSteps.every((task) => task.step < step)).toBe(true);
    }
  });

  test('tries tasks again that nobody solved, and remembers what came of it', async () => {
    const { store, run } = loopFixture({
      settings: { steps: 5, unsolvedTasksPerMode: 2, solveRateMemory: 0.25 },
    });
    await run();
    const byId = new Map(store.tasks().map((task) => [task.id, task]));
    const solved = new Set<number>();
    expect(store.attempts().length).toBeGreaterThan(10);
    for (const { step, rollouts, attempts, metrics } of store.steps.slice(1)) {
      const replayed = rollouts.filter(({ phase }) => phase === 'replay');
      expect(replayed).toHaveLength(4 * attempts.length);
      for (const { taskId, solveRate, estimate } of attempts) {
        const task = byId.get(taskId)!;
        expect(task.step).toBeLessThan(step);
        expect(task.solveRate).toBe(0);
        // A task that was solved once is not among them any more.
        expect(solved.has(taskId)).toBe(false);
        if (solveRate > 0) solved.add(taskId);
        const group = replayed.filter((rollout) => rollout.taskId === taskId);
        const right = group.filter(({ verdict }) => verdict === 'correct').length;
        expect(solveRate).toBe(right / 4);
        expect(estimate).toBe(0.75 * solveRate);
        const mixed = right > 0 && right < 4;
        expect(group.every(({ trained }) => trained === mixed)).toBe(true);
      }
      const newly = metrics.find(({ name }) => name === 'memory.newlySolved')?.value;
      expect(newly).toBe(attempts.filter(({ solveRate }) => solveRate > 0).length);
    }
  });

  test('every mode of proposal becomes a task of its mode, induction from a program of the others', async () => {
    const { store, run } = loopFixture({ settings: { steps: 6 } });
    await run();
    const byId = new Map(store.tasks().map((task) => [task.id, task]));
    const parentModes = new Set<string>();
    for (const task of store.tasks().filter(({ mode }) => mode === 'induction')) {
      const parent = byId.get(task.parentTaskIds[0] ?? -1);
      expect(task.parentTaskIds).toHaveLength(1);
      expect(task.program).toBe(parent?.program);
      parentModes.add(parent?.mode ?? 'none');
    }
    expect(parentModes).toEqual(new Set(['deduction', 'abduction']));
  });
});

describe('how far step 0 is', () => {
  const task: HeldOutTask = {
    ...{ mode: 'deduction', program: 'def f(a):\n    return a + 5', visible: 0 },
    examples: [{ input: '1', output: '6' }],
  };

  test('is told by the seeds that are there, of those that are wanted, and never falls', async () => {
    const { events, settings, run } = loopFixture({ settings: { steps: 1 } });
    await run();
    const told = events.flatMap((event) =>
      event.kind === 'phase' && event.step === 0 ? [event] : [],
    );

    expect(new Set(told.map(({ phase }) => phase))).toEqual(new Set(['seed']));
    expect(new Set(told.map(({ total }) => total))).toEqual(new Set([2 * settings.seedTasks]));
    const done = told.map((event) => event.done);
    expect(done).toEqual(done.toSorted((left, right) => left - right));
    expect(done.at(-1)).toBe(2 * settings.seedTasks);
    expect(new Set(done).size).toBeGreaterThan(2);
  });

  test('is told by the answers to held-out tasks, greedy ones and samples together', async () => {
    const heldOut = Array.from({ length: 150 }, (_, index) => ({
      ...task,
      program: `def f(a):\n    return a * ${String(index + 2)}`,
      examples: [{ input: '1', output: String(index + 2) }],
    }));
    const { events, run, store } = loopFixture({
      settings: { steps: 1, probeSamples: 2, probeEverySteps: 100 },
      heldOut,
    });
    await run();
    const told = events.flatMap((event) =>
      event.kind === 'phase' && event.step === 0 && event.phase === 'probe' ? [event] : [],
    );

    expect(told.map(({ done }) => done)).toEqual([0, 64, 128, 150, 278, 406]);
    expect(new Set(told.map(({ total }) => total))).toEqual(new Set([450]));
    const sampled = new Set(
      stepOf(store, 0)
        .rollouts.filter(({ phase }) => phase === 'probe')
        .map(({ taskId }) => taskId),
    );
    expect(sampled.size).toBe(150);
  });

  test('and a measurement after a quarter of the usual steps comes soon', async () => {
    const settings = { steps: 9, probeEverySteps: 8, probeSampleEverySteps: 100 };
    const { store, run } = loopFixture({ settings, heldOut: [task] });
    await run();
    const probed = store.steps.filter(({ metrics }) =>
      metrics.some(({ name }) => name === 'probe.greedy.mean'),
    );

    expect(probed.map(({ step }) => step)).toEqual([0, 2, 8, 9]);
  });
});

describe('one step of the paper preset', () => {
  test('has six task-role baselines, discards the estimation, and makes one optimizer step', async () => {
    const { store, engine, run, settings } = loopFixture({
      settings: { preset: 'paper', steps: 1 },
    });
    await run();
    const { rollouts, baselines, tasks } = stepOf(store, 1);
    const count = (phase: string) => rollouts.filter((rollout) => rollout.phase === phase).length;
    expect(count('propose')).toBe(3 * 4);
    expect(count('solve')).toBe(3 * 4);
    expect(count('estimate')).toBe(tasks.length * settings.estimationRollouts);
    expect(count('replay')).toBe(0);
    for (const { phase, trained, advantage } of rollouts) {
      expect(trained).toBe(phase !== 'estimate');
      expect(advantage === undefined).toBe(phase === 'estimate');
    }
    expect(
      baselines.map(({ role, mode, count: size }) => `${role} ${mode} ${size}`).sort(),
    ).toEqual(
      ['proposer', 'solver']
        .flatMap((role) => ['abduction', 'deduction', 'induction'].map((m) => `${role} ${m} 4`))
        .sort(),
    );
    expect(engine.updateCalls).toHaveLength(1);
    expect(engine.updateCalls[0]?.loss).toEqual({
      kind: 'ppo',
      clipLow: 0.2,
      clipHigh: 0.2,
      entropyCoefficient: 0.001,
    });
    // The solver's tasks are this step's first, the rest come from the buffer.
    for (const mode of settings.modes) {
      const solved = rollouts.filter((r) => r.phase === 'solve' && r.mode === mode);
      const fresh = tasks.filter((task) => task.mode === mode).map(({ id }) => id);
      expect(solved.map(({ taskId }) => taskId).slice(0, fresh.length)).toEqual(fresh);
    }
  });
});

describe('estimation', () => {
  test('reference defect 8, greedy estimation: it samples at the temperature of the run', async () => {
    const { store, engine, run } = loopFixture({ settings: { steps: 2, temperature: 0.7 } });
    await run();
    const calls = engine.sampleCalls.filter(({ samples }) => samples.some((n) => n > 1));
    expect(calls.length).toBe(2);
    expect(engine.sampleCalls.every(({ parameters }) => parameters.temperature === 0.7)).toBe(true);
    const rates = store.tasks().flatMap(({ solveRate }) => solveRate ?? []);
    expect(rates.some((rate) => rate > 0 && rate < 1)).toBe(true);
    const seeds = engine.sampleCalls.slice(-4).map(({ parameters }) => parameters.seed);
    expect(new Set(seeds).size).toBe(4);
  });
});

describe('proposals that do not become tasks', () => {
  const good = 'def f(a):\n    return a + 777777\n# 5';
  const heldOutProgram = 'def f(a):\n    return a * 3 + 4';

  async function stepWith(completion: string) {
    const fixture = loopFixture({
      settings: { modes: ['deduction'], steps: 2 },
      heldOut: [
        {
          mode: 'deduction',
          program: heldOutProgram,
          examples: [{ input: '1', output: '7' }],
          visible: 0,
        },
      ],
    });
    await afterSeeding(
      (prompt, random) =>
        prompt.startsWith('[propose') ? completion : linearPolicy(prompt, random),
      fixture,
    );
    await fixture.run();
    return stepOf(fixture.store, 1);
  }

  test.each([
    ['format', 'no idea', -1],
    ['truncated', 'x'.repeat(200), -1],
    ['forbidden-import', 'import os\ndef f(a):\n    return a\n# 1', -1],
    ['error', 'def f(a):\n    return a / 0\n# 1', -1],
    ['held-out', `${heldOutProgram}\n# 9`, -0.5],
  ])('%s: rows are kept, with reason and reward', async (reason, completion, reward) => {
    const { proposals, rollouts, tasks } = await stepWith(completion);
    expect(tasks).toEqual([]);
    expect(proposals).toHaveLength(4);
    for (const proposal of proposals) {
      expect(proposal).toMatchObject({ accepted: false, reason });
      expect(proposal.reasonMessage).toBeTruthy();
      const rollout = rollouts.find(({ id }) => id === proposal.rolloutId);
      expect(rollout?.reward).toBe(reward);
      expect(rollout?.completion).toBe(completion.slice(0, 96));
    }
  });

  test('a proposal of a held-out program is rewarded for all to see, and never trained on', async () => {
    const { proposals, rollouts, baselines } = await stepWith(`${heldOutProgram}\n# 9`);
    const proposers = proposals.map((p) => rollouts.find(({ id }) => id === p.rolloutId)!);
    for (const { reward, trained, advantage } of proposers) {
      expect({ reward, trained, advantage }).toEqual({ reward: -0.5, trained: false });
    }
    // Nor does it count in what others are compared with.
    expect(baselines.filter(({ role }) => role === 'proposer')).toEqual([]);
  });

  test('of four equal proposals the first becomes a task, the others are duplicates', async () => {
    const { proposals, rollouts, tasks } = await stepWith(good);
    expect(tasks).toHaveLength(1);
    expect(proposals.map(({ reason }) => reason)).toEqual([
      undefined,
      'duplicate',
      'duplicate',
      'duplicate',
    ]);
    const rewards = proposals.map((p) => rollouts.find(({ id }) => id === p.rolloutId)?.reward);
    // All four fill one template: the share among the others is 1, the penalty 0.5 · 1.
    expect(rewards).toEqual([(tasks[0]?.learnability ?? 9) - 0.5, -0.5, -0.5, -0.5]);
  });
});

describe('induction', () => {
  /** What becomes of one step whose induction proposers answer with these inputs, in turn and in this order. */
  async function proposing(...orders: readonly (readonly number[])[]) {
    const fixture = loopFixture({ settings: { steps: 2, repetitionPenalty: 0.5 } });
    let asked = 0;
    await afterSeeding((prompt, random) => {
      if (!prompt.startsWith('[propose induction')) return linearPolicy(prompt, random);
      const inputs = orders[asked % orders.length]!;
      asked += 1;
      return `${inputs.map((input) => `# ${String(input)}\n`).join('')}a linear function`;
    }, fixture);
    await fixture.run();
    const { proposals, tasks, rollouts } = stepOf(fixture.store, 1);
    return {
      proposals: proposals.filter(({ mode }) => mode === 'induction'),
      tasks: tasks.filter(({ mode }) => mode === 'induction'),
      rollouts,
      settings: fixture.settings,
    };
  }

  test('a proposer is not fined for the template of a program that it was given', async () => {
    const { proposals, rollouts } = await proposing([1, 2, 3, 4, 5, 6]);
    const accepted = proposals.filter((proposal) => proposal.accepted);
    expect(accepted.length).toBeGreaterThan(1);
    for (const { rolloutId } of accepted) {
      const { rewardTerms } = rollouts.find(({ id }) => id === rolloutId)!;
      const fine = rewardTerms.filter(({ name }) => name === 'repetition');
      expect(fine.map(({ value }) => Math.abs(value))).toEqual(fine.map(() => 0));
    }
  });

  test('which examples are shown is not for the proposer to choose', async () => {
    const inputs = [11, 12, 13, 14, 15, 16];
    const { tasks, settings } = await proposing(inputs);
    expect(tasks.length).toBeGreaterThan(1);
    for (const { examples } of tasks) {
      // The last four of them, of which four a run of this size asks for.
      expect(examples.map(({ input }) => Number(input)).sort()).toEqual(inputs.slice(-4));
    }
    // Of several programs with the same inputs, not all are shown the first ones.
    const shown = tasks.map(({ examples, visible }) =>
      examples.slice(0, visible).map(({ input }) => input),
    );
    const first = inputs.slice(-4).slice(0, settings.inductionVisible).map(String);
    expect(shown).not.toEqual(tasks.map(() => first));
  });

  test('the same inputs in another order are the same task', async () => {
    const { tasks } = await proposing([21, 22, 23, 24]);
    const [task] = tasks;
    const memory = new TaskMemory(toySettings(), new Set());
    memory.remember(task!);
    for (const examples of [task!.examples, [...task!.examples].reverse()]) {
      const proposed = { valid: true, ...task!, examples, executions: [] } as const;
      expect(memory.isKnown('induction', proposed)).toBe(true);
      const proposal = {
        mode: 'induction',
        program: task!.program,
        inputs: [],
        message: '',
      } as const;
      const { dependencies } = loopFixture();
      expect(proposedTask(dependencies, proposal, proposed).examples).toEqual(task!.examples);
    }
  });

  test('no solver prompt ever contains a hidden output', async () => {
    const { store, engine, run, settings } = loopFixture({ settings: { steps: 6 } });
    await run();
    const prompts = engine.sampleCalls
      .flatMap((call) => call.prompts)
      .filter((prompt) => prompt.startsWith('[solve induction]'));
    const tasks = store.tasks().filter(({ mode, step }) => mode === 'induction' && step > 0);
    expect(tasks.length).toBeGreaterThan(10);
    const questions = store.steps
      .flatMap(({ rollouts }) => rollouts)
      .filter(({ mode, role }) => mode === 'induction' && role === 'solver');
    expect(new Set(questions.map(({ prompt }) => prompt))).toEqual(new Set(prompts));
    for (const task of tasks) {
      expect(task.visible).toBe(settings.inductionVisible);
      expect(task.examples).toHaveLength(settings.inductionInputs);
      const prompt = questions.find(({ taskId }) => taskId === task.id)?.prompt ?? '';
      const lines = prompt.split('\n');
      task.examples.forEach(({ input, output }, index) => {
        const visible = index < task.visible;
        expect(lines.includes(`# ${input}`)).toBe(visible);
        expect(lines.includes(`-> ${output}`)).toBe(visible);
        expect(new RegExp(`\\b${output}\\b`).test(prompt)).toBe(visible);
      });
    }
  });
});

test('only the hidden examples decide whether an induction answer is right', async () => {
  const { dependencies, store, settings } = loopFixture();
  const judgedBy: string[] = [];
  const grader: Grader = {
    ...linearGrader,
    verifyInduction(task, answer, signal) {
      judgedBy.push(JSON.stringify(task.hidden));
      return linearGrader.verifyInduction(task, answer, signal);
    },
  };
  const control = { stopAfterStep: () => false, signal: new AbortController().signal };
  await runLoop({ ...dependencies, grader }, control);
  const hidden = store
    .tasks()
    .filter(({ mode, step }) => mode === 'induction' && step > 0)
    .map(({ examples }) => JSON.stringify(examples.slice(settings.inductionVisible)));
  expect(hidden.length).toBeGreaterThan(5);
  expect(new Set(hidden)).toEqual(new Set(judgedBy));
});

describe('the course of a run', () => {
  test('reference defect 10, budget from an evaluation file: the steps are settings.steps', async () => {
    const heldOut = Array.from({ length: 9 }, (_, index) => ({
      mode: 'deduction' as const,
      program: 'def f(a):\n    return a * 2',
      examples: [{ input: String(index), output: String(index * 2) }],
      visible: 0,
    }));
    for (const tasks of [[], heldOut]) {
      const fixture = loopFixture({ settings: { steps: 5 }, heldOut: tasks });
      expect(await fixture.run()).toEqual({ reason: 'steps', lastStep: 5 });
      expect(fixture.store.steps.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5]);
      expect(await fixture.run()).toEqual({ reason: 'steps', lastStep: 5 });
      expect(fixture.store.steps).toHaveLength(6);
    }
  });

  test('a run goes on with the held-out tasks that it stored, whatever became of their file', async () => {
    const settings = { steps: 4, probeEverySteps: 2, checkpointEverySteps: 2, seed: 7 };
    const heldOut = [1, 2, 3].map((factor) => ({
      mode: 'deduction' as const,
      program: `def f(a):\n    return a * ${factor}`,
      examples: [{ input: '4', output: String(4 * factor) }],
      visible: 0,
    }));
    const whole = loopFixture({ settings, heldOut });
    await whole.run();

    const first = loopFixture({ settings, heldOut });
    await first.run({ stopAfterStep: () => first.store.counters().lastStep === 2 });
    const engine = new ScriptedEngine(linearPolicy, {}, first.engine.checkpoints);
    await engine.loadCheckpoint('step-000002');
    const second = loopFixture({ settings, engine, store: new MemoryStore(first.store.steps) });
    const stored = heldOutSetOf(second.store.heldOutTasks());
    expect(stored.structures.size).toBe(3);
    const control = { stopAfterStep: () => false, signal: new AbortController().signal };
    await runLoop({ ...second.dependencies, heldOut: stored }, control);

    expect(second.store.steps.map(timeless)).toEqual(whole.store.steps.map(timeless));
    const last = second.store.steps.at(-1)!;
    expect(last.rollouts.filter(({ phase }) => phase === 'greedy')).toHaveLength(3);
    expect(last.tasks.filter(({ origin }) => origin === 'held-out')).toEqual([]);
  });

  test('held-out tasks are asked of the average of the weights where there is one', async () => {
    const heldOut = [
      {
        mode: 'deduction' as const,
        program: 'def f(a):\n    return a * 2',
        examples: [{ input: '4', output: '8' }],
        visible: 0,
      },
    ];
    const settings = { steps: 2, probeEverySteps: 1, curriculumEverySteps: 0 };
    for (const averageDecay of [0, 0.9]) {
      const { engine, run } = loopFixture({ settings: { ...settings, averageDecay }, heldOut });
      await run();
      const greedy = engine.sampleCalls.filter(({ parameters }) => parameters.temperature === 0);
      const average = averageDecay > 0 ? 'average' : undefined;
      // Before the first update there is no average.
      expect(greedy.map(({ parameters }) => parameters.weights)).toEqual([
        undefined,
        ...[average, average],
      ]);
      const others = engine.sampleCalls.filter(({ prompts }) => prompts.length > 1);
      expect(others.every(({ parameters }) => parameters.weights === undefined)).toBe(true);
    }
  });

  test('held-out tasks are measured, never trained on; a wrong one is named by its line', async () => {
    const task = {
      mode: 'deduction' as const,
      program: 'def f(a):\n    return a * 2',
      examples: [{ input: '4', output: '8' }],
      visible: 0,
      stratum: 'taught 1',
    };
    const { store, run, engine } = loopFixture({
      settings: { steps: 4, probeEverySteps: 2, probeSampleEverySteps: 3, probeSamples: 2 },
      heldOut: [task],
    });
    await run();
    const probed = store.steps.filter(({ metrics }) =>
      metrics.some(({ name }) => name === 'probe.greedy.mean'),
    );
    expect(probed.map(({ step }) => step)).toEqual([0, 2, 3, 4]);
    const sampled = store.steps.filter(({ metrics }) =>
      metrics.some(({ name }) => name === 'probe.passK.stratum.taught 1'),
    );
    expect(sampled.map(({ step }) => step)).toEqual([0, 3, 4]);
    const rollouts = store.steps.flatMap((step) => step.rollouts);
    const [stored, ...more] = store.heldOutTasks();
    expect(more).toEqual([]);
    expect(stored).toMatchObject({ ...task, step: 0, origin: 'held-out', parentTaskIds: [] });
    expect(stored?.constructs).toEqual(['operator:multiply', 'statement:return-only']);
    expect(store.tasks().map(({ id }) => id)).not.toContain(stored!.id);
    const answers = rollouts.filter(({ phase }) => phase === 'greedy' || phase === 'probe');
    expect(answers.filter(({ phase }) => phase === 'greedy')).toHaveLength(4);
    expect(answers.filter(({ phase }) => phase === 'probe')).toHaveLength(6);
    expect(answers.every(({ trained, taskId }) => !trained && taskId === stored!.id)).toBe(true);
    const temperatures = engine.sampleCalls
      .filter(({ prompts }) => prompts.length === 1)
      .map(({ parameters }) => parameters.temperature);
    expect(temperatures.filter((temperature) => temperature === 0)).toHaveLength(4);
    const wrong = { ...task, examples: [{ input: '4', output: '9' }] };
    await expect(loopFixture({ heldOut: [task, wrong] }).run()).rejects.toMatchObject({
      code: 'held-out-wrong',
      message: expect.stringContaining('Line 2') as string,
    });
  });

  test('identifiers count up from 1 without a gap, across steps', async () => {
    const { store, run } = loopFixture();
    await run();
    const ids = (rows: readonly { readonly id: number }[]) => rows.map(({ id }) => id);
    const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
    for (const rows of [
      store.steps.flatMap(({ tasks }) => tasks),
      store.steps.flatMap(({ proposals }) => proposals),
      store.steps.flatMap(({ rollouts }) => rollouts),
    ]) {
      expect(ids(rows)).toEqual(upTo(rows.length));
    }
    const groups = store.steps.flatMap(({ rollouts }) => rollouts.map(({ group }) => group));
    expect(groups).toEqual([...groups].sort((a, b) => a - b));
  });

  test.each(['sample', 'update'])(
    'an abort during %s leaves no trace of the step',
    async (call) => {
      const { store, engine, run } = loopFixture({ settings: { steps: 5 } });
      const controller = new AbortController();
      engine.onCall = (name) => {
        if (name === call && store.steps.length === 3) {
          controller.abort();
        }
      };
      expect(await run({ signal: controller.signal })).toEqual({ reason: 'stopped', lastStep: 2 });
      expect(store.steps.map(({ step }) => step)).toEqual([0, 1, 2]);
    },
  );

  test('a stop after a step keeps a checkpoint of it', async () => {
    const { store, run } = loopFixture({ settings: { steps: 9, checkpointEverySteps: 2 } });
    const stopAfterStep = () => store.counters().lastStep === 5;
    expect(await run({ stopAfterStep })).toEqual({ reason: 'stopped', lastStep: 5 });
    expect(store.checkpoints).toEqual([
      { step: 2, path: 'step-000002' },
      { step: 4, path: 'step-000004' },
      { step: 5, path: 'step-000005' },
    ]);
  });

  test('a stop while the buffers are seeded ends the run before the first step', async () => {
    const { store, run } = loopFixture();
    expect(await run({ stopAfterStep: () => true })).toEqual({ reason: 'stopped', lastStep: 0 });
    expect(store.steps.map(({ step }) => step)).toEqual([0]);
  });

  test('a failure that is no abort is not swallowed', async () => {
    const { engine, run } = loopFixture();
    engine.onCall = (name) => {
      if (name === 'update') {
        throw new Error('out of memory');
      }
    };
    await expect(run()).rejects.toThrow('out of memory');
  });

  test('a step is announced after it is stored', async () => {
    const { store, events, run } = loopFixture();
    await run();
    const announced = events.flatMap((event) => (event.kind === 'step' ? event.step : []));
    expect(announced).toEqual(store.steps.map(({ step }) => step));
  });
});

describe('resume', () => {
  const settings = {
    ...{ steps: 6, checkpointEverySteps: 2, bufferCapacity: 8 },
    ...{ replayTasksPerMode: 2, unsolvedTasksPerMode: 2, solveRateMemory: 0.5 },
  };

  describe.each(['studio', 'paper'] as const)('%s', (preset) => {
    async function unbroken() {
      const fixture = loopFixture({ settings: { ...settings, preset } });
      await fixture.run();
      return fixture;
    }

    test('two runs of one seed are equal row for row, of another seed not', async () => {
      const [first, second] = [await unbroken(), await unbroken()];
      expect(second.store.steps).toEqual(first.store.steps);
      const other = loopFixture({ settings: { ...settings, preset, seed: 2 } });
      await other.run();
      expect(other.store.steps.map(timeless)).not.toEqual(first.store.steps.map(timeless));
    });

    test('reference defect, counters and random state not saved: a resume equals an unbroken run', async () => {
      const whole = await unbroken();
      const first = loopFixture({ settings: { ...settings, preset } });
      await first.run({ stopAfterStep: () => first.store.counters().lastStep === 3 });
      const engine = new ScriptedEngine(linearPolicy, {}, first.engine.checkpoints);
      await engine.loadCheckpoint('step-000003');
      const store = new MemoryStore(first.store.steps);
      await loopFixture({ settings: { ...settings, preset }, engine, store }).run();
      expect(store.steps.map(timeless)).toEqual(whole.store.steps.map(timeless));
    });

    test('so does one that drops the steps after its checkpoint', async () => {
      const whole = await unbroken();
      const store = new MemoryStore(whole.store.steps);
      store.dropAfter(2);
      const engine = new ScriptedEngine(linearPolicy, {}, whole.engine.checkpoints);
      await engine.loadCheckpoint('step-000002');
      await loopFixture({ settings: { ...settings, preset }, engine, store }).run();
      expect(store.steps.map(timeless)).toEqual(whole.store.steps.map(timeless));
    });
  });
});
