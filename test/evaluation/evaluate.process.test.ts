/** Evaluations with the real sandbox and store, and an engine whose answers the test decides. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { TASKS_SUITE } from '../../server/protocol/evaluation.ts';
import type { RunEvent } from '../../server/protocol/events.ts';
import { ProblemError } from '../../server/protocol/problem.ts';
import { createEvaluation, resumeEvaluation } from '../../server/src/evaluation/evaluate.ts';
import { planEvaluation } from '../../server/src/evaluation/planEvaluation.ts';
import { prepareNewRun } from '../../server/src/run/prepareRun.ts';
import { createRun } from '../../server/src/run/run.ts';
import type { RunResult } from '../../server/src/run/runSession.ts';
import { RunSteering } from '../../server/src/run/runSteering.ts';
import { runFolderAt } from '../../server/src/runFolder/runFolder.ts';
import {
  heldOutItems,
  heldOutVerdicts,
} from '../../server/src/languageServer/queries/heldOutTests.ts';
import { evaluationReport } from '../../server/src/runs/evaluationReport.ts';
import { changedTasks } from '../../server/src/runs/learningReport.ts';
import { RunReader } from '../../server/src/store/runReader.ts';
import { linearPolicy, type Policy } from '../method/linearWorld.ts';
import { ScriptedEngine } from '../method/scriptedEngine.ts';
import { rowsOf } from '../run/rows.ts';

/** More than two parts of 32. */
const TASKS = 70;

/** Every prompt leaves room for such an answer, so that a part is one request. */
const FACTS = { dialect: 'compact', maximumAnswerTokens: 50 };

/** One step of a few tasks. */
const TINY_RUN = {
  ...{
    steps: 1,
    modes: ['deduction' as const],
    proposalsPerMode: 1,
    estimationRollouts: 2,
    curriculumEverySteps: 0,
  },
};

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-evaluate-'));
  for (const name of ['weak', 'strong']) writeModel(name);
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function writeModel(name: string): void {
  const model = path.join(folder, name);
  mkdirSync(model);
  writeFileSync(path.join(model, 'config.json'), JSON.stringify({ name }));
  writeFileSync(path.join(model, 'azr-model.json'), JSON.stringify(FACTS));
  const lines = Array.from({ length: TASKS }, (_, index) =>
    JSON.stringify({
      mode: 'deduction',
      program: `def f(a):\n    return a + ${String(index)}`,
      examples: [{ input: '1000', output: String(1000 + index) }],
      visible: 0,
      stratum: index % 2 === 0 ? 'even' : 'odd',
    }),
  );
  writeFileSync(path.join(model, 'probe.jsonl'), lines.join('\n'));
}

/** Right where the number that is added is below `known`; at temperature 1, half as often. */
function adderOf(known: number, isGreedy: () => boolean): Policy {
  return (prompt, random) => {
    const added = Number(/a \+ (\d+)/.exec(prompt)?.[1]);
    // Anything but a held-out task: a run's own proposals and tasks.
    if (!(added < TASKS)) return linearPolicy(prompt, random);
    const isRight = added < known && (isGreedy() || random.next() < 0.5);
    return String(isRight ? 1000 + added : 7);
  };
}

class EvaluatedEngine extends ScriptedEngine {
  /** Checkpoints that were loaded. */
  readonly loaded: string[] = [];
  readonly #folder: string;

  constructor(known: number, checkpoints: string) {
    super((prompt, random) => adder(prompt, random));
    this.#folder = checkpoints;
    const adder = adderOf(known, () => this.sampleCalls.at(-1)?.parameters.temperature === 0);
  }

  override async saveCheckpoint(name: string): Promise<string> {
    const folder = path.join(this.#folder, name);
    mkdirSync(folder);
    writeFileSync(path.join(folder, 'weights'), '');
    return folder;
  }

  override async loadCheckpoint(location: string): Promise<void> {
    this.loaded.push(location);
  }
}

interface Session {
  readonly steering?: RunSteering;
  /** Called before every request. */
  readonly onSample?: (count: number) => void;
}

function hostOf({ steering = new RunSteering(), onSample }: Session, events: RunEvent[]) {
  const engines: EvaluatedEngine[] = [];
  return {
    engines,
    host: {
      steering,
      listener: (event: RunEvent) => events.push(event),
      openEngine: async (
        { model }: { readonly model: { readonly folder: string } },
        { checkpoints }: { readonly checkpoints: string },
      ) => {
        const known = path.basename(model.folder) === 'weak' ? 20 : 50;
        const engine = new EvaluatedEngine(known, checkpoints);
        engine.onCall = (name) => {
          if (name === 'sample') onSample?.(sampleCount(engines));
        };
        engines.push(engine);
        return engine;
      },
    },
  };
}

function sampleCount(engines: readonly EvaluatedEngine[]): number {
  return engines.flatMap(({ calls }) => calls).filter((name) => name === 'sample').length;
}

async function evaluate(into: string, session: Session = {}, events: RunEvent[] = []) {
  const plan = await planEvaluation({
    suite: 'heldout',
    samples: 4,
    temperature: 1,
    subjects: [path.join(folder, 'weak'), path.join(folder, 'strong')],
    templates: [],
  });
  const { host, engines } = hostOf(session, events);
  const result: RunResult = await createEvaluation(plan, path.join(folder, into), host);
  return { engines, result };
}

async function resume(from: string, session: Session = {}) {
  const { host, engines } = hostOf(session, []);
  const result = await resumeEvaluation(runFolderAt(path.join(folder, from)), host);
  return { engines, result };
}

function reading<Result>(name: string, read: (reader: RunReader) => Result): Result {
  const reader = RunReader.open(path.join(folder, name, 'run.db'));
  try {
    return read(reader);
  } finally {
    reader.close();
  }
}

test('two models on the same tasks: rates, pass@k, strata, and what the second solves anew', async () => {
  const events: RunEvent[] = [];
  const { result } = await evaluate('both', {}, events);
  expect(result.outcome).toEqual({ reason: 'steps', lastStep: 1 });
  const report = reading('both', evaluationReport)!;
  expect(report.plan.subjects.map(({ label }) => label)).toEqual(['weak', 'strong']);
  expect(report.tasks).toBe(TASKS);
  const [weak, strong] = report.results;
  expect(weak!.greedy.rate).toBeCloseTo(20 / TASKS);
  expect(strong!.greedy.rate).toBeCloseTo(50 / TASKS);
  expect(strong!.greedy.low).toBeLessThan(50 / TASKS);
  expect(strong!.passAtK.map(({ k }) => k)).toEqual([1, 2, 4]);
  // Of what a model knows, half of the samples are right: 1 − 2^−4 of the tasks by four samples.
  expect(strong!.passAtK[0]!.rate).toBeCloseTo((50 / TASKS) * 0.5, 1);
  expect(strong!.passAtK[2]!.rate).toBeCloseTo((50 / TASKS) * 0.9375, 1);
  expect(weak!.parts).toMatchObject([
    { part: { stratum: 'even' }, tasks: 35, greedy: 10 / 35 },
    { part: { stratum: 'odd' }, tasks: 35, greedy: 10 / 35 },
  ]);
  expect(report.changes).toMatchObject([{ before: 0, after: 1, greedy: { gained: 30, lost: 0 } }]);
  // Thirty of thirty changes go one way: 2 · 2^−30.
  expect(report.changes[0]!.greedy.pValue).toBeCloseTo(2 ** -29, 15);
  const changed = reading('both', (reader) =>
    changedTasks(reader, { runId: 'both', change: 'gained', limit: 100 }),
  );
  expect(changed.items).toHaveLength(30);
  expect(events.filter(({ kind }) => kind === 'step')).toHaveLength(2);
  expect(events.at(-1)).toMatchObject({ kind: 'finished', message: 'All subjects are asked.' });
});

test('cut off at any request and resumed, it has the rows of an unbroken one and asks nothing twice', async () => {
  const { engines: whole } = await evaluate('unbroken');
  // Three parts greedily and three sampled, for each of two subjects.
  expect(sampleCount(whole)).toBe(12);
  for (const cutAt of [2, 6, 8]) {
    const name = `broken-${String(cutAt)}`;
    const onSample = (count: number) => {
      if (count === cutAt) throw new Error('The engine died.');
    };
    await expect(evaluate(name, { onSample })).rejects.toThrow('The engine died.');
    const { engines, result } = await resume(name);
    expect(result.outcome.reason).toBe('steps');
    expect(sampleCount(engines)).toBe(12 - (cutAt - 1));
    expect(rowsOf(path.join(folder, name))).toEqual(rowsOf(path.join(folder, 'unbroken')));
  }
});

test('asked to stop, it stops between two requests and goes on from there', async () => {
  const steering = new RunSteering();
  const { result } = await evaluate('stopped', {
    steering,
    onSample: (count) => {
      if (count === 3) steering.stop('after-step');
    },
  });
  expect(result.outcome).toEqual({ reason: 'stopped', lastStep: -1 });
  const { engines, result: last } = await resume('stopped');
  expect(last.outcome).toEqual({ reason: 'steps', lastStep: 1 });
  expect(sampleCount(engines)).toBe(9);
});

test.each([
  ['does not answer any more', 'engine_silent'],
  ['ends', 'engine_ended'],
])('a server that %s fails the evaluation, which goes on where it was', async (_, code) => {
  const problem = ProblemError.of({ code, message: 'The engine is gone.', remedy: 'Start it.' });
  const onSample = (count: number) => {
    if (count === 5) throw problem;
  };
  await expect(evaluate('gone', { onSample })).rejects.toMatchObject({ code });
  const outcome: unknown = JSON.parse(
    readFileSync(path.join(folder, 'gone', 'outcome.json'), 'utf8'),
  );
  expect(outcome).toMatchObject({ kind: 'failed', problem: { code } });
  const { engines } = await resume('gone');
  expect(sampleCount(engines)).toBe(8);
});

test('a server that never answers is left when somebody stops the evaluation now', async () => {
  const steering = new RunSteering();
  const { result } = await evaluate('hung', {
    steering,
    onSample: (count) => {
      if (count === 4) steering.stop('now');
    },
  });
  expect(result.outcome).toEqual({ reason: 'stopped', lastStep: -1 });
  const { engines, result: last } = await resume('hung');
  expect(last.outcome).toEqual({ reason: 'steps', lastStep: 1 });
  expect(sampleCount(engines)).toBe(9);
});

test('the weights have changed since: refused', async () => {
  const onSample = (count: number) => {
    if (count === 7) throw new Error('The engine died.');
  };
  await expect(evaluate('changed', { onSample })).rejects.toThrow('The engine died.');
  writeFileSync(path.join(folder, 'strong', 'config.json'), JSON.stringify({ other: true }));
  await expect(resume('changed')).rejects.toMatchObject({ code: 'model-changed' });
});

test('the tasks of a run that are named, asked of its start and of a checkpoint', async () => {
  const run = runFolderAt(path.join(folder, 'run'));
  const { host, engines } = hostOf({}, []);
  const model = path.join(folder, 'strong');
  const prepared = await prepareNewRun([{ model, ...TINY_RUN }], 'test');
  await createRun(prepared, run.folder, host);
  const wanted = reading('run', (reader) => [...reader.heldOutTasks()][49]!);
  const plan = await planEvaluation({
    ...{ suite: TASKS_SUITE, taskIds: [wanted.id], samples: 2, temperature: 1, templates: [] },
    subjects: [`${run.folder}@0`, run.folder],
  });
  expect(plan.subjects).toMatchObject([
    { label: 'run@0', runStep: 0 },
    { label: 'run@1', runStep: 1 },
  ]);
  await createEvaluation(plan, path.join(folder, 'again'), host);
  // The run's own engine, the start, and the checkpoint.
  expect(engines.map(({ loaded }) => loaded)).toEqual([
    [],
    [],
    [path.join(run.checkpoints, 'step-000001')],
  ]);
  const { results } = reading('again', evaluationReport)!;
  expect(results.map(({ greedy }) => greedy.rate)).toEqual([1, 1]);
  const [task] = reading('again', (reader) => [...reader.heldOutTasks()]);
  expect(task).toMatchObject({ program: wanted.program, stratum: 'odd' });
});

test('a choice of held-out tasks comes back in its order, each answer beside what was expected', async () => {
  const run = runFolderAt(path.join(folder, 'run'));
  const { host } = hostOf({}, []);
  const model = path.join(folder, 'weak');
  await createRun(await prepareNewRun([{ model, ...TINY_RUN }], 'test'), run.folder, host);
  const items = reading('run', (reader) => heldOutItems(reader, { runId: 'run', limit: 60 }));
  expect(items.items).toHaveLength(60);
  expect(items.cursor).toBe('60');
  const last = reading('run', (reader) =>
    heldOutItems(reader, { runId: 'run', limit: 60, cursor: '60' }),
  );
  expect(last.items).toHaveLength(TASKS - 60);
  expect(last.cursor).toBeUndefined();
  expect(items.items[1]).toMatchObject({
    mode: 'deduction',
    stratum: 'odd',
    title: 'return a + 1',
  });
  // The model knows what is below 20.
  const taskIds = [30, 3, 19].map((place) => items.items[place]!.taskId);
  const plan = await planEvaluation({
    ...{ suite: TASKS_SUITE, taskIds, samples: 0, temperature: 1, templates: [] },
    subjects: [run.folder],
  });
  await createEvaluation(plan, path.join(folder, 'chosen'), host);
  const { items: verdicts } = reading('chosen', (reader) =>
    heldOutVerdicts(reader, { runId: 'chosen', step: 0, limit: 50 }),
  );
  expect(verdicts).toMatchObject([
    { verdict: 'wrong', expected: '1030', actual: '7' },
    { verdict: 'correct', expected: '1003', actual: '1003' },
    { verdict: 'correct', expected: '1019', actual: '1019' },
  ]);
  expect(verdicts[0]!.message).toContain('1030');

  // All of them are in the same order, which is how a test knows its answer.
  const whole = { suite: 'heldout', samples: 0, temperature: 1, templates: [] };
  const all = await planEvaluation({ ...whole, subjects: [run.folder] });
  await createEvaluation(all, path.join(folder, 'whole'), host);
  const page = reading('whole', (reader) =>
    heldOutVerdicts(reader, { runId: 'whole', step: 0, limit: 100 }),
  );
  const titles = [...items.items, ...last.items].map(({ title }) => title);
  expect(page.items.map(({ expected }) => `return a + ${String(Number(expected) - 1000)}`)).toEqual(
    titles,
  );
});

test('a task that the run does not have, and a model that has none to name', async () => {
  const { host } = hostOf({}, []);
  const asked = { suite: TASKS_SUITE, taskIds: [1], samples: 0, temperature: 1, templates: [] };
  const plan = await planEvaluation({ ...asked, subjects: [path.join(folder, 'weak')] });
  await expect(createEvaluation(plan, path.join(folder, 'none'), host)).rejects.toMatchObject({
    code: 'no-tasks',
  });
});

test('a suite, a template and a form that a model does not have are refused before anything is made', async () => {
  const subjects = [path.join(folder, 'weak')];
  const asked = { samples: 1, temperature: 1, subjects };
  const refused = async (suite: string, templates: readonly string[]) => {
    try {
      await planEvaluation({ ...asked, suite, templates });
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      return [error.code, `${error.message} ${error.remedy}`];
    }
    return 'planned';
  };
  expect(await refused('humanevil', [])).toEqual([
    'unknown-suite',
    expect.stringContaining('reasoning-gym, codeio'),
  ]);
  expect(await refused('codeio', ['latin'])).toEqual([
    'unknown-template',
    expect.stringContaining('dialect, chat, base'),
  ]);
  // The model's folder holds no tokenizer with a chat template.
  expect(await refused('codeio', ['base', 'chat'])).toEqual([
    'no-chat-template',
    expect.stringMatching(/^weak cannot be asked in the template "chat".*Use the template "base"/),
  ]);
  expect(await refused('codeio', ['base'])).toBe('planned');
});

test.each([
  ['that is not there', undefined, 'no-suite-data'],
  [
    'that is damaged',
    gzipSync('{"question": "?", "answer": "1"}').subarray(0, 30),
    'suite-data-changed',
  ],
  ['that is not text', Buffer.from([0xff, 0xfe]), 'not-utf-8'],
  ['that holds something else', Buffer.from('{"image": 1}'), 'invalid-suite-data'],
  ['that is empty', Buffer.alloc(0), 'invalid-suite-data'],
])('a data file %s fails the evaluation with its name', async (_, bytes, code) => {
  const dataFile = path.join(folder, 'items.jsonl');
  if (bytes !== undefined) writeFileSync(dataFile, bytes);
  const subjects = [path.join(folder, 'weak')];
  const plan = await planEvaluation({
    ...{ suite: 'gsm8k', dataFile, samples: 0, temperature: 1, subjects, templates: ['base'] },
  });
  const { host, engines } = hostOf({}, []);
  await expect(createEvaluation(plan, path.join(folder, 'bad'), host)).rejects.toMatchObject({
    code,
    message: expect.stringContaining(dataFile) as unknown,
  });
  expect(engines).toEqual([]);
});

test.each([
  [{ subjects: ['missing'] }, 'no-model'],
  [{ subjects: ['missing@3'] }, 'no-run'],
])('a subject that is not there: %j', async ({ subjects }, code) => {
  const request = { suite: 'heldout', samples: 1, temperature: 1, templates: [] };
  await expect(planEvaluation({ ...request, subjects })).rejects.toMatchObject({ code });
});
