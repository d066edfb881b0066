/** Runs side by side, from databases whose every answer is known. */
import { afterEach, describe, expect, test } from 'vitest';

import type { ComparisonQuery, ComparisonReport } from '../../server/protocol/comparison.ts';
import type { RolloutRecord, StepRecord, TaskRecord } from '../../server/protocol/records.ts';
import type { Mode } from '../../server/protocol/vocabulary.ts';
import {
  comparedTasks,
  comparisonReport,
} from '../../server/src/runs/comparison/comparisonReport.ts';
import { differences } from '../../server/src/runs/comparison/differences.ts';
import { probeMetrics } from '../../server/src/statistics/probeMetrics.ts';
import type { RunInformation } from '../../server/src/store/rows/runInformation.ts';
import type { RunReader } from '../../server/src/store/runReader.ts';
import { SqliteRunStore } from '../../server/src/store/writer/sqliteRunStore.ts';
import { solverRollout } from '../store/handMadeSteps.ts';
import { sampleInformation } from '../store/sampleRun.ts';
import { temporaryPath } from '../store/temporaryRun.ts';

/** A held-out task by the number that is in its program. */
interface Asked {
  readonly name: number;
  readonly mode: Mode;
  readonly isRight: boolean;
}

function taskOf({ name, mode }: Asked, id: number): TaskRecord {
  return {
    ...{ id, step: 0, origin: 'held-out', mode },
    program: `def f(a):\n    return a + ${String(name)}`,
    examples: [{ input: '1', output: String(name + 1) }],
    ...{ visible: 0, structure: `s${String(id)}`, template: 't', syntaxNodes: 5 },
    ...{ constructs: [], parentTaskIds: [] },
  };
}

/** A step that asks these tasks greedily and samples `tokens` beside, where it is one of training. Ids go on from those of earlier steps. */
function measuring(step: number, asked: readonly Asked[], tokens?: number): StepRecord {
  const first = step * asked.length + 1;
  const rollouts = asked.map(({ mode, isRight }, index): RolloutRecord =>
    solverRollout(first + index, step, mode, first + index, isRight ? 'correct' : 'wrong', {
      ...{ phase: 'greedy', taskId: index + 1, trained: false },
    }),
  );
  const metrics = probeMetrics(asked.map(({ mode, isRight }) => ({ mode, greedy: isRight })));
  if (tokens !== undefined) metrics.set('tokens.generated', tokens);
  return {
    ...{ step, startedAt: '2026-01-01T00:00:00.000Z', durationMs: 1000 },
    tasks: step === 0 ? asked.map((one, index) => taskOf(one, index + 1)) : [],
    ...{ proposals: [], rollouts, baselines: [] },
    ...{ attempts: [], harvests: [], goldDocuments: [] },
    metrics: [...metrics].map(([name, value]) => ({ step, name, value })),
  };
}

function unmeasured(step: number, tokens: number): StepRecord {
  return {
    ...{ step, startedAt: '2026-01-01T00:00:00.000Z', durationMs: 1000 },
    ...{ tasks: [], proposals: [], rollouts: [], baselines: [] },
    ...{ attempts: [], harvests: [], goldDocuments: [] },
    metrics: [{ step, name: 'tokens.generated', value: tokens }],
  };
}

const asked = (
  names: readonly number[],
  right: readonly number[],
  mode: Mode = 'deduction',
): Asked[] => names.map((name) => ({ name, mode, isRight: right.includes(name) }));

const stores = new Map<string, SqliteRunStore>();
const readerOf = (runId: string): RunReader => stores.get(runId)!.reader;

function run(
  runId: string,
  steps: readonly StepRecord[],
  changes: Partial<RunInformation['settings']> = {},
): void {
  const information = sampleInformation();
  const settings = { ...information.settings, ...changes };
  const store = SqliteRunStore.create(temporaryPath(), { ...information, settings });
  for (const step of steps) store.commitStep(step);
  stores.set(runId, store);
}

afterEach(() => {
  for (const store of stores.values()) store.close();
  stores.clear();
});

function compared(...measurements: ComparisonQuery['measurements']): ComparisonReport {
  const scan = comparisonReport({ measurements }, readerOf);
  for (;;) {
    const window = scan.next();
    if (window.done === true) return window.value;
  }
}

const names = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);

describe('the same tasks', () => {
  test('are paired by what they are, in whatever order and under whatever numbers', () => {
    run('a', [measuring(0, asked(names(0, 12), [0, 1, 2, 3]))]);
    // The same and eight more, the other way round: 1 and 2 are lost, 4 to 9 gained.
    const right = [0, 3, 4, 5, 6, 7, 8, 9];
    run('b', [measuring(0, asked(names(0, 20).toReversed(), right))]);
    const { columns, changes } = compared({ runId: 'a' }, { runId: 'b' });
    expect(columns).toMatchObject([
      { runId: 'a', step: 0, result: { tasks: 12, greedy: { rate: 4 / 12 } } },
      { runId: 'b', step: 0, result: { tasks: 20, greedy: { rate: 8 / 20 } } },
    ]);
    expect(changes).toMatchObject([
      { column: 1, tasks: 12, paired: { greedy: { gained: 6, lost: 2 } } },
    ]);
    const { greedy } = changes[0]!.paired!;
    expect(greedy.before).toBeCloseTo(4 / 12, 12);
    expect(greedy.after).toBeCloseTo(8 / 12, 12);
    // 2 · (1 + 8 + 28) / 2^8.
    expect(greedy.pValue).toBeCloseTo(74 / 256, 12);
    const lost = comparedTasks(
      { before: { runId: 'a' }, after: { runId: 'b' }, change: 'lost', limit: 50 },
      readerOf,
    );
    // In the first run, task 1 is its second rollout; in the other its 19th.
    expect(lost.items).toMatchObject([
      { taskId: 2, title: 'return a + 1', rolloutBefore: 2, rolloutAfter: 19 },
      { taskId: 3, title: 'return a + 2', rolloutBefore: 3, rolloutAfter: 18 },
    ]);
    const page = {
      before: { runId: 'a' },
      after: { runId: 'b' },
      change: 'gained',
      limit: 4,
    } as const;
    const first = comparedTasks(page, readerOf);
    expect(first.items).toHaveLength(4);
    const rest = comparedTasks({ ...page, cursor: first.cursor! }, readerOf);
    expect(rest.items.map(({ title }) => title)).toEqual(['return a + 8', 'return a + 9']);
    expect(rest.cursor).toBeUndefined();
  });

  test('asked twice in one set are two tasks', () => {
    run('a', [measuring(0, asked([5, 5], []))]);
    run('b', [measuring(0, asked([5, 5], [5]))]);
    expect(compared({ runId: 'a' }, { runId: 'b' }).changes).toMatchObject([
      { tasks: 2, paired: { greedy: { gained: 2, lost: 0 } } },
    ]);
  });
});

describe('a measurement', () => {
  test('is the latest up to the step that is asked for', () => {
    run('a', [
      measuring(0, asked(names(0, 4), [0])),
      unmeasured(1, 5),
      measuring(2, asked(names(0, 4), [0, 1]), 5),
      unmeasured(3, 7),
    ]);
    const steps = (...measurements: ComparisonQuery['measurements']) =>
      compared(...measurements).columns.map(({ step }) => step);
    expect(steps({ runId: 'a' }, { runId: 'a', step: 1 }, { runId: 'a', step: 2 })).toEqual([
      2, 0, 2,
    ]);
    // Tokens of all steps up to the measurement, those between included.
    expect(compared({ runId: 'a' }).curves).toMatchObject([
      {
        runId: 'a',
        points: [
          { step: 0, generatedTokens: 0, greedy: { rate: 0.25 } },
          { step: 2, generatedTokens: 10, greedy: { rate: 0.5 } },
        ],
      },
    ]);
  });

  test('that was never made has no numbers, and nothing to compare', () => {
    run('a', [measuring(0, asked([1], [1]))]);
    run('b', [unmeasured(0, 1)]);
    const { columns, changes } = compared({ runId: 'a' }, { runId: 'b' });
    expect(columns[1]).toEqual({ runId: 'b' });
    expect(changes).toEqual([{ column: 1, tasks: 0 }]);
  });
});

describe('other tasks', () => {
  test('of the same kinds differ as two independent sets', () => {
    run('a', [measuring(0, asked(names(0, 400), names(0, 100)))]);
    run('b', [measuring(0, asked(names(1000, 300), names(1000, 150)))]);
    const [change] = compared({ runId: 'a' }, { runId: 'b' }).changes;
    expect(change).toMatchObject({ tasks: 0, unpaired: { before: 0.25, after: 0.5 } });
    expect(change!.paired).toBeUndefined();
    // Normal approximation: √(0.25 · 0.75 / 400 + 0.25 / 300) = 0.0361; 2.576 of them to either side.
    expect(change!.unpaired!.low).toBeCloseTo(0.25 - 2.576 * 0.0361, 1);
    expect(change!.unpaired!.high).toBeCloseTo(0.25 + 2.576 * 0.0361, 1);
  });

  test('of other kinds are not compared at all', () => {
    run('a', [measuring(0, asked([1, 2], [1]))]);
    run('b', [measuring(0, asked([3, 4], [3], 'abduction'))]);
    expect(compared({ runId: 'a' }, { runId: 'b' }).changes).toEqual([{ column: 1, tasks: 0 }]);
  });
});

test('of the settings only those that differ are listed, of lists the elements', () => {
  run('a', [measuring(0, asked([1], [1]))], { steps: 7, modes: ['deduction', 'induction'] });
  run('b', [measuring(0, asked([1], [1]))], { steps: 9, modes: ['deduction', 'abduction'] });
  expect(compared({ runId: 'a' }, { runId: 'b' }, { runId: 'a' }).differences).toEqual([
    { path: ['Settings', 'steps'], values: [7, 9, 7] },
    { path: ['Settings', 'modes', 'induction'], values: [true, false, true] },
    { path: ['Settings', 'modes', 'abduction'], values: [false, true, false] },
  ]);
});

test.each([
  ['the same', [{ a: 1 }, { a: 1 }], []],
  ['a key that one has not', [{ a: 1 }, {}], [{ path: ['a'], values: [1, null] }]],
  [
    'another order',
    [{ a: ['x', 'y'] }, { a: ['y', 'x'] }],
    [
      {
        path: ['a'],
        values: [
          ['x', 'y'],
          ['y', 'x'],
        ],
      },
    ],
  ],
  [
    'something nested beside nothing',
    [{ a: { b: 1 } }, {}],
    [{ path: ['a'], values: [{ b: 1 }, null] }],
  ],
])('differences: %s', (_, values, rows) => {
  expect(differences(values)).toEqual(rows);
});
