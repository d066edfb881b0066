import { describe, expect, test } from 'vitest';

import type { GoldDocumentRecord, TaskRecord } from '../../server/protocol/records.ts';
import type { RunSettings } from '../../server/protocol/settings.ts';
import { goldObjective } from '../../server/src/method/interpreter/goldDocuments.ts';
import { GoldMemory } from '../../server/src/method/interpreter/goldMemory.ts';
import { updatesOf } from '../../server/src/method/training/optimizer.ts';
import { linearGrader, linearPolicy } from './linearWorld.ts';
import { loopFixture, timeless } from './loopFixture.ts';
import { MemoryStore } from './memoryStore.ts';
import { sampleTask, toySettings } from './sampleTasks.ts';
import { ScriptedEngine } from './scriptedEngine.ts';

const GOLD: Partial<RunSettings> = {
  goldLossWeight: 0.5,
  goldDocumentsPerStep: 24,
  harvestInputs: 5,
};

function memory(heldOut: readonly string[] = []): GoldMemory {
  return new GoldMemory({
    heldOut: new Set(heldOut),
    zeroProgram: 'def f(a):\n    return a',
    signature: (input) => linearGrader.signature(input),
  });
}

async function runWith(changes: Partial<RunSettings>) {
  const fixture = loopFixture({ settings: { steps: 4, ...GOLD, ...changes } });
  await fixture.run();
  return fixture;
}

const textOf = (tokens: readonly number[]) =>
  tokens.map((token) => (token === 0 ? '<end>' : String.fromCodePoint(token))).join('');

describe('what the loss is', () => {
  test('every document weighs alike, and its tokens share that weight', () => {
    const document = (length: number) => ({
      record: {} as GoldDocumentRecord,
      promptTokens: [7],
      completionTokens: new Array<number>(length).fill(1),
    });
    const { data, loss } = goldObjective([document(1), document(4)], 0.5);
    expect(loss).toEqual({ kind: 'cross_entropy' });
    // 0.5 · 1/2 for one token, 0.5 · 1/2 · 1/4 for each of four.
    expect(data.map(({ advantages }) => advantages)).toEqual([
      [0.25],
      [0.0625, 0.0625, 0.0625, 0.0625],
    ]);
  });

  test('is 0 in both presets until it is asked for', async () => {
    const { store, engine } = await runWith({ goldLossWeight: 0 });
    expect(store.goldDocuments()).toEqual([]);
    expect(store.harvests()).toEqual([]);
    expect(engine.updateCalls.every(({ objectives }) => objectives.length === 1)).toBe(true);
  });

  test('rewards and truth move the policy in one optimizer step', async () => {
    const { engine, store } = await runWith({});
    expect(engine.updateCalls).toHaveLength(4);
    for (const { objectives } of engine.updateCalls) {
      expect(objectives.map(({ loss }) => loss.kind)).toEqual(['ppo', 'cross_entropy']);
      const weights = objectives[1]!.data.flatMap(({ advantages }) => advantages);
      expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(0.5, 10);
    }
    // The measurements of the policy are not mixed with those of the documents.
    const loss = store.steps.at(-1)!.metrics.find(({ name }) => name === 'update.loss');
    expect(loss?.value).toBe(2);
  });

  test('or in steps of its own with a rate of its own', async () => {
    const { engine } = await runWith({
      ...{ goldUpdatesPerStep: 3, goldLearningRate: 0.125, steps: 1 },
      learningRateDecay: 'none',
    });
    const kinds = engine.updateCalls.map(({ objectives }) => objectives.map((o) => o.loss.kind));
    expect(kinds).toEqual([['ppo'], ['cross_entropy'], ['cross_entropy'], ['cross_entropy']]);
    expect(engine.updateCalls.map(({ adam }) => adam.learningRate).slice(1)).toEqual([
      0.125, 0.125, 0.125,
    ]);
    const sizes = engine.updateCalls.slice(1).map(({ data }) => data.length);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  });

  test('whose optimizer may be one of their own', async () => {
    const { engine } = await runWith({
      ...{ goldUpdatesPerStep: 2, goldOptimizer: 'muon', averageDecay: 0.5, steps: 1 },
    });
    const optimizers = engine.updateCalls.map(({ adam }) => adam.optimizer);
    expect(optimizers).toEqual([undefined, 'muon', 'muon']);
    // What holds for every step holds for these.
    expect(engine.updateCalls.map(({ adam }) => adam.averageDecay)).toEqual([0.5, 0.5, 0.5]);
    const { engine: other } = await runWith({ goldUpdatesPerStep: 2, steps: 1 });
    for (const { adam } of other.updateCalls) expect(adam).not.toHaveProperty('optimizer');
  });

  test('a step whose rewards teach nothing still learns the truth', async () => {
    const engine = new ScriptedEngine(linearPolicy);
    const fixture = loopFixture({ engine, settings: { steps: 2, ...GOLD } });
    let steps = 0;
    await fixture.run({
      stopAfterStep: () => {
        steps += 1;
        // From then on the proposer says nothing, alike in every prompt.
        engine.policy = (prompt, random) =>
          prompt.startsWith('[propose') ? 'no idea' : linearPolicy(prompt, random);
        return steps === 1;
      },
    });
    await fixture.run();
    expect(engine.updateCalls.map(({ objectives }) => objectives.map((o) => o.loss.kind))).toEqual([
      ['cross_entropy'],
      ['cross_entropy'],
    ]);
    const { metrics } = fixture.store.steps.at(-1)!;
    expect(metrics.some(({ name }) => name === 'update.loss')).toBe(false);
    expect(metrics.some(({ name }) => name === 'gold.loss')).toBe(true);
  });
});

describe('every kind of update of a run, for an engine to refuse', () => {
  const settings = { ...GOLD, learningRate: 0.5, goldLearningRate: 0.25 };
  const summary = (changed: Partial<RunSettings>) =>
    updatesOf(toySettings({ ...settings, ...changed })).map(({ loss, adam }) => [
      ...[loss.kind, adam.learningRate, adam.optimizer ?? 'adamw'],
    ]);

  test.each([
    [{ goldLossWeight: 0 }, [['ppo', 0.5, 'adamw']]],
    [
      { goldUpdatesPerStep: 0 },
      [
        ['ppo', 0.5, 'adamw'],
        ['cross_entropy', 0.5, 'adamw'],
      ],
    ],
    [
      { goldUpdatesPerStep: 2, goldOptimizer: 'muon' as const },
      [
        ['ppo', 0.5, 'adamw'],
        ['cross_entropy', 0.25, 'muon'],
      ],
    ],
  ])('%j', (changed, expected) => {
    expect(summary(changed)).toEqual(expected);
  });
});

describe('what a document says', () => {
  test('the question is the solver’s, the answer what the interpreter said, in all three modes', async () => {
    const { engine, store } = await runWith({ steps: 3 });
    const documents = engine.updateCalls.flatMap(({ objectives }) => objectives[1]!.data);
    const rows = store.goldDocuments();
    expect(documents).toHaveLength(rows.length);
    const byTask = new Map(store.tasks().map((task) => [task.id, task]));
    for (const [index, { promptTokens, completionTokens }] of documents.entries()) {
      const { mode, taskId, inputs, tokenCount } = rows[index]!;
      const { program } = byTask.get(taskId)!;
      expect(completionTokens).toHaveLength(tokenCount);
      const outputs = await linearGrader.executeInputs(program, inputs);
      const [{ input, output }] = outputs as [{ input: string; output: string }];
      const shown = outputs.map((pair) => `# ${pair.input}\n-> ${pair.output}\n`).join('');
      const expected = {
        deduction: [`[solve deduction]\n${program}\n# ${input}\n-> `, output],
        abduction: [`[solve abduction]\n${program}\n-> ${output}\n# `, input],
        induction: [`[solve induction]\nMESSAGE\n${shown}`, program],
      }[mode];
      const prompt = textOf(promptTokens).replace(/\n(a line|int to int)\n/, '\nMESSAGE\n');
      expect([prompt, textOf(completionTokens)]).toEqual([expected[0], `${expected[1]!}<end>`]);
      if (mode === 'induction') expect(inputs).toHaveLength(2);
    }
    const modes = new Set(rows.map(({ mode }) => mode));
    expect(modes).toEqual(new Set(['deduction', 'abduction', 'induction']));
  });

  test('are as many as asked for, about new programs and earlier ones; none occurs twice in a step', async () => {
    const { store } = await runWith({ goldDocumentsPerStep: 12 });
    const stepOf = new Map(store.tasks().map(({ id, step }) => [id, step]));
    const ages = new Set<number>();
    for (const { step, goldDocuments } of store.steps.slice(1)) {
      expect(goldDocuments).toHaveLength(12);
      for (const { taskId } of goldDocuments) ages.add(step - stepOf.get(taskId)!);
      const keys = goldDocuments.map(({ taskId, mode, inputs }) =>
        JSON.stringify([taskId, mode, mode === 'induction' ? '' : inputs]),
      );
      expect(new Set(keys).size).toBe(keys.length);
    }
    expect(ages.has(0)).toBe(true);
    expect(Math.max(...ages)).toBeGreaterThan(1);
  });

  test('only modes of the run occur', async () => {
    const { store } = await runWith({ modes: ['abduction'] });
    expect(new Set(store.goldDocuments().map(({ mode }) => mode))).toEqual(new Set(['abduction']));
  });

  test('what does not fit an answer is left out', async () => {
    const { store } = await runWith({ maximumAnswerTokens: 9 });
    const rows = store.goldDocuments();
    expect(rows.length).toBeGreaterThan(10);
    expect(Math.max(...rows.map(({ tokenCount }) => tokenCount))).toBeLessThanOrEqual(9);
  });

  test('how well the policy knew them is stored and measured', async () => {
    const { store } = await runWith({ steps: 1 });
    const { goldDocuments, metrics, harvests } = store.steps[1]!;
    const value = (name: string) => metrics.find((metric) => metric.name === name)?.value;
    // The scripted engine gives token t of a document the log-probability −(t mod 8)/16.
    const [row] = goldDocuments as [GoldDocumentRecord];
    expect(row.logProbability).toBeLessThanOrEqual(0);
    const mean = (rows: readonly GoldDocumentRecord[]) =>
      rows.reduce((sum, one) => sum - one.logProbability / one.tokenCount, 0) / rows.length;
    expect(value('gold.loss')).toBeCloseTo(mean(goldDocuments), 12);
    const deduction = goldDocuments.filter(({ mode }) => mode === 'deduction');
    expect(value('gold.deduction.loss')).toBeCloseTo(mean(deduction), 12);
    expect(value('gold.documents')).toBe(goldDocuments.length);
    expect(value('gold.tokens')).toBe(
      goldDocuments.reduce((sum, { tokenCount }) => sum + tokenCount, 0),
    );
    expect(value('gold.harvested')).toBe(harvests.flatMap(({ examples }) => examples).length);
  });
});

describe('more inputs than were proposed', () => {
  test('are executed for every new program, are new to it, and come from the model’s own', async () => {
    const { store } = await runWith({});
    const seen = new Set<string>();
    for (const { tasks, harvests } of store.steps) {
      const fresh = tasks.filter(
        ({ program }) => !seen.has(program) && program.includes('return a '),
      );
      for (const { program } of tasks) seen.add(program);
      const first = fresh.filter(
        ({ program }, index) => fresh.findIndex((task) => task.program === program) === index,
      );
      expect(harvests.map(({ taskId }) => taskId)).toEqual(first.map(({ id }) => id));
      for (const { taskId, examples } of harvests) {
        const { program } = tasks.find(({ id }) => id === taskId)!;
        const known = tasks.filter((task) => task.program === program).flatMap((t) => t.examples);
        const inputs = examples.map(({ input }) => input);
        expect(examples).toHaveLength(5);
        expect(new Set([...inputs, ...known.map(({ input }) => input)]).size).toBe(
          5 + new Set(known.map(({ input }) => input)).size,
        );
        expect(examples).toEqual(await linearGrader.executeInputs(program, inputs));
      }
    }
  });

  test('none is executed where none is asked for', async () => {
    const { store } = await runWith({ harvestInputs: 0 });
    expect(store.harvests()).toEqual([]);
    expect(store.goldDocuments().length).toBeGreaterThan(0);
  });

  test('an input that fails is left out', async () => {
    const fixture = loopFixture({ settings: { steps: 2, ...GOLD } });
    const grader = {
      ...linearGrader,
      vary: (input: string, random: () => number) =>
        random() < 0.5 ? `${input}.5` : linearGrader.vary(input, random),
    };
    const { runLoop } = await import('../../server/src/method/loop.ts');
    await runLoop(
      { ...fixture.dependencies, grader },
      { stopAfterStep: () => false, signal: new AbortController().signal },
    );
    const inputs = fixture.store.harvests().flatMap(({ examples }) => examples.map((e) => e.input));
    expect(inputs.length).toBeGreaterThan(20);
    expect(inputs.filter((input) => input.includes('.'))).toEqual([]);
  });
});

describe('what is drawn', () => {
  const task = (changes: Partial<TaskRecord> = {}) => sampleTask(1, changes);
  const question = (gold: GoldMemory, input = '1') => ({
    program: [...gold.programs()][0]!,
    mode: 'deduction' as const,
    input,
  });

  test('rather what the solver knows less, and what it always knows now and then', () => {
    const weight = (solveRate: number) => {
      const gold = memory();
      gold.rememberTask(task({ solveRate }));
      return gold.weightOf(question(gold));
    };
    const certain = weight(1);
    expect([0, 0.25].map((rate) => weight(rate) / certain)).toEqual([1 / 0.3, 0.75 / 0.3]);
  });

  test('after a use, by the probability that was measured then, and half as often', () => {
    const gold = memory();
    gold.rememberTask(task({ solveRate: 0 }));
    const before = gold.weightOf(question(gold));
    const row = { step: 2, taskId: 1, mode: 'deduction', inputs: ['1'], tokenCount: 2 } as const;
    gold.rememberDocument({ ...row, logProbability: Math.log(0.2) });
    expect(gold.weightOf(question(gold)) / before).toBeCloseTo(0.8 / 2, 12);
    gold.rememberDocument({ ...row, logProbability: Math.log(0.7) });
    expect(gold.weightOf(question(gold)) / before).toBeCloseTo(0.3 / 3, 12);
    // What is known of one question says nothing of another.
    expect(gold.weightOf(question(gold, '2'))).toBe(before);
  });

  test('a program with four times as many inputs twice as often, but for its one question of induction', () => {
    const gold = memory();
    gold.rememberTask(task());
    const total = (mode: 'deduction' | 'induction') => {
      const [program] = [...gold.programs()];
      const inputs = mode === 'induction' ? [undefined] : [...program!.outputs.keys()];
      return inputs.reduce(
        (sum, input) =>
          sum + gold.weightOf({ program: program!, mode, ...(input !== undefined && { input }) }),
        0,
      );
    };
    const before = [total('deduction'), total('induction')];
    gold.rememberHarvest({
      ...{ step: 2, taskId: 1 },
      examples: [3, 4, 5].map((input) => ({ input: String(input), output: String(input + 1) })),
    });
    expect(total('deduction')).toBeCloseTo(2 * before[0]!, 12);
    expect(total('induction')).toBeCloseTo(before[1]!, 12);
  });

  test('for induction as often as a program was proposed, whatever was harvested', () => {
    const gold = memory();
    const weight = () => gold.weightOf({ program: [...gold.programs()][0]!, mode: 'induction' });
    gold.rememberTask(task());
    const once = weight();
    gold.rememberTask({ ...task(), id: 2, examples: [{ input: '4', output: '5' }] });
    gold.rememberTask({ ...task(), id: 3, mode: 'abduction' });
    expect(weight() / once).toBeCloseTo(3, 12);
    gold.rememberTask({ ...task(), id: 4, mode: 'induction', message: 'a line' });
    expect(weight() / once).toBeCloseTo(3, 12);
  });

  test('once for induction where no other task has the program', () => {
    const gold = memory();
    gold.rememberTask(task({ mode: 'induction', message: 'a line' }));
    expect(gold.weightOf({ program: [...gold.programs()][0]!, mode: 'induction' })).toBe(1);
  });

  test('a held-out program and the identity are never among them', () => {
    const gold = memory(['structure 1']);
    gold.rememberTask(task());
    gold.rememberTask(sampleTask(2, { program: 'def f(a):\n    return a' }));
    expect([...gold.programs()]).toEqual([]);
  });

  test('a long run forgets its oldest programs, and its oldest inputs', () => {
    const gold = memory();
    for (let id = 1; id <= 17_000; id += 1) {
      gold.rememberTask(sampleTask(id, { examples: [{ input: String(id), output: '0' }] }));
    }
    const ids = [...gold.programs()].map(({ taskId }) => taskId);
    expect([ids.length, ids[0], ids.at(-1)]).toEqual([16_384, 17_000 - 16_384 + 1, 17_000]);
    const inputs = gold.inputsLike('int').map(Number);
    expect([inputs.length, Math.min(...inputs)]).toEqual([512, 17_000 - 512 + 1]);
    // Nothing is learned about what was forgotten.
    gold.rememberHarvest({ step: 2, taskId: 1, examples: [{ input: '8', output: '9' }] });
    gold.rememberDocument({
      ...{ step: 2, taskId: 1, mode: 'deduction', inputs: ['1'] },
      ...{ tokenCount: 1, logProbability: -1 },
    });
    expect([...gold.programs()]).toHaveLength(16_384);
  });

  test('a program that is proposed again is one program with more inputs', () => {
    const gold = memory();
    gold.rememberTask(task());
    gold.rememberTask({ ...task(), id: 2, examples: [{ input: '4', output: '5' }] });
    const programs = [...gold.programs()];
    expect(programs).toHaveLength(1);
    expect([...programs[0]!.outputs]).toEqual([
      ['1', '2'],
      ['4', '5'],
    ]);
  });
});

test('a resumed run teaches what an unbroken one does', async () => {
  const settings = { ...GOLD, steps: 6, checkpointEverySteps: 2 };
  const whole = await runWith(settings);
  expect(whole.store.goldDocuments().length).toBeGreaterThan(100);
  const store = new MemoryStore(whole.store.steps);
  store.dropAfter(3 - 1);
  const engine = new ScriptedEngine(linearPolicy, {}, whole.engine.checkpoints);
  await engine.loadCheckpoint('step-000002');
  await loopFixture({ settings, engine, store }).run();
  expect(store.steps.map(timeless)).toEqual(whole.store.steps.map(timeless));
});
