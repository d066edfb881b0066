import { DatabaseSync } from 'node:sqlite';

import { describe, expect, test } from 'vitest';

import type { RolloutRecord, StepRecord, TaskRecord } from '../../server/protocol/records.ts';
import { fillSkills } from '../../server/src/store/schema/skillSummary.ts';
import { loopFixture } from '../method/loopFixture.ts';
import { solverRollout } from './handMadeSteps.ts';
import { sampleStep } from './sampleRun.ts';
import { runWith } from './temporaryRun.ts';
import { WholeQueries } from './wholeQueries.ts';

type Mutable<Row> = { -readonly [Key in keyof Row]: Row[Key] };

const HELD_OUT: readonly (readonly string[])[] = [
  ['slice:reversed'],
  ['call:sorted', 'slice:reversed'],
];

function task(
  id: number,
  step: number,
  constructs: readonly string[],
  solveRate?: number,
): TaskRecord {
  const [known] = sampleStep(1).tasks;
  const made = { ...known!, id, step, constructs };
  if (solveRate !== undefined) return { ...made, solveRate };
  const heldOut: Mutable<TaskRecord> = { ...made, origin: 'held-out' };
  delete heldOut.solveRate;
  delete heldOut.learnability;
  return heldOut;
}

/** Step 0 has the held-out tasks; every other step the two new tasks, solved as often as `rates` says. */
function steps(
  count: number,
  rates: (step: number) => readonly [number, number],
  right: (step: number) => readonly [boolean, boolean],
  probeEvery = 10,
): StepRecord[] {
  let nextId = 2;
  let rollout = 0;
  return Array.from({ length: count }, (_, step): StepRecord => {
    const answers =
      step % probeEvery === 0
        ? right(step).map((isRight, index): RolloutRecord => {
            rollout += 1;
            return solverRollout(
              rollout,
              step,
              'deduction',
              rollout,
              isRight ? 'correct' : 'wrong',
              { phase: 'greedy', taskId: index + 1, trained: false },
            );
          })
        : [];
    const sampled = answers.map((answer): RolloutRecord => {
      rollout += 1;
      return { ...answer, id: rollout, group: rollout, phase: 'probe', verdict: 'wrong' };
    });
    const [sorting, adding] = rates(step);
    return {
      step,
      startedAt: '2026-01-01T00:00:00.000Z',
      durationMs: 1000,
      proposals: [],
      tasks:
        step === 0
          ? HELD_OUT.map((constructs, index) => task(index + 1, 0, constructs))
          : [
              task((nextId += 1), step, ['call:sorted'], sorting),
              task((nextId += 1), step, ['call:sorted', 'operator:add'], adding),
            ],
      rollouts: [...answers, ...sampled],
      baselines: [],
      ...{ attempts: [], harvests: [], goldDocuments: [] },
      metrics: [],
    };
  });
}

function skills(records: readonly StepRecord[]) {
  const { path, store } = runWith(records);
  store.close();
  const queries = WholeQueries.open(path);
  const map = queries.skillMap('run');
  queries.close();
  return map;
}

/** Every second task is solved. */
function withOneTaskPerStep(path: string, count: number): void {
  const database = new DatabaseSync(path);
  const all = `WITH RECURSIVE every(step) AS
    (SELECT 0 UNION ALL SELECT step + 1 FROM every WHERE step < ${String(count - 1)})`;
  database.exec(`
    BEGIN;
    INSERT INTO step ${all} SELECT step, '', 1 FROM every;
    INSERT INTO task (id, step, origin, mode, program, examples, visible, structure, template,
        constructs, syntax_nodes, parent_task_ids, solve_rate, learnability)
      ${all} SELECT step + 1, step, 'proposed', 'deduction', '', '[]', 0, '', '',
        '["call:sorted"]', 1, '[]', step % 2, 0 FROM every;`);
  fillSkills(database);
  database.exec('COMMIT');
  database.close();
}

describe('the map of skills', () => {
  test('held-out tasks count by their greedy answers, a column for each step that asked', () => {
    const { heldOut } = skills(
      steps(
        21,
        () => [0, 0],
        (step) => [step >= 10, step === 20],
      ),
    );
    expect(heldOut.columns).toEqual(
      [0, 10, 20].map((step) => ({ firstStep: step, lastStep: step })),
    );
    expect(heldOut.rows).toEqual([
      {
        construct: 'slice:reversed',
        cells: [0, 1, 2].map((solved) => ({ tasks: 2, solved })),
      },
      { construct: 'call:sorted', cells: [0, 0, 1].map((solved) => ({ tasks: 1, solved })) },
    ]);
    expect(heldOut.rowsLeft).toBe(0);
  });

  test('new tasks count by their solve rates, in stretches of eight steps', () => {
    const { selfPlay } = skills(
      steps(
        10,
        (step) => [step < 8 ? 0.25 : 0.75, 0.5],
        () => [false, false],
      ),
    );
    expect(selfPlay.columns).toEqual([
      { firstStep: 0, lastStep: 7 },
      { firstStep: 8, lastStep: 9 },
    ]);
    // Steps 1 to 7 and 8 to 9, each with a task that only sorts and one that also adds.
    expect(selfPlay.rows).toEqual([
      {
        construct: 'call:sorted',
        cells: [
          { tasks: 14, solved: 7 * 0.25 + 7 * 0.5 },
          { tasks: 4, solved: 2 * 0.75 + 2 * 0.5 },
        ],
      },
      {
        construct: 'operator:add',
        cells: [
          { tasks: 7, solved: 3.5 },
          { tasks: 2, solved: 1 },
        ],
      },
    ]);
  });

  test('of 300 steps has columns of 16', () => {
    const { selfPlay, heldOut } = skills(
      steps(
        300,
        () => [1, 0],
        () => [true, false],
        4,
      ),
    );
    for (const { columns, rows } of [selfPlay, heldOut]) {
      expect(columns).toHaveLength(19);
      expect(columns[1]).toEqual({ firstStep: 16, lastStep: 31 });
      expect(columns.at(-1)).toEqual({ firstStep: 288, lastStep: 299 });
      expect(rows.every(({ cells }) => cells.length === 19)).toBe(true);
    }
    const [sorting, adding] = selfPlay.rows;
    expect(sorting?.cells.slice(1, 18)).toEqual(
      Array.from({ length: 17 }, () => ({ tasks: 32, solved: 16 })),
    );
    expect(adding?.cells[18]).toEqual({ tasks: 12, solved: 0 });
    // Asked every four steps.
    expect(heldOut.rows[0]?.cells[1]).toEqual({ tasks: 8, solved: 4 });
  });

  test.each([
    [2_100, 128],
    [20_000, 1_024],
    [200_000, 8_192],
  ])('of %i steps has columns of %i, and reads few rows for them', (count, width) => {
    const { path, store } = runWith([]);
    store.close();
    withOneTaskPerStep(path, count);
    const queries = WholeQueries.open(path);
    const { selfPlay } = queries.skillMap('run');
    queries.close();
    expect(selfPlay.columns).toHaveLength(Math.ceil(count / width));
    expect(selfPlay.columns[1]).toEqual({ firstStep: width, lastStep: 2 * width - 1 });
    expect(selfPlay.rows).toHaveLength(1);
    expect(selfPlay.rows[0]?.cells[1]).toEqual({ tasks: width, solved: width / 2 });
    expect(selfPlay.rows[0]?.cells.reduce((sum, cell) => sum + (cell?.tasks ?? 0), 0)).toBe(count);
  });

  test('of a whole run adds up to its metrics', async () => {
    const heldOut = ['a + 1', 'a * 3', 'a * 3 + 1'].map((result, index) => ({
      mode: 'deduction' as const,
      program: `def f(a):\n    return ${result}`,
      examples: [{ input: '2', output: String([3, 6, 7][index]) }],
      visible: 0,
    }));
    const { store, run } = loopFixture({ settings: { steps: 5, probeEverySteps: 2 }, heldOut });
    await run();
    const map = skills(store.steps);
    expect(map.heldOut.columns.map(({ firstStep }) => firstStep)).toEqual([0, 2, 4, 5]);
    const cellsOf = (construct: string) =>
      map.heldOut.rows.find((row) => row.construct === construct)?.cells;
    for (const construct of ['operator:add', 'operator:multiply']) {
      expect(cellsOf(construct)?.map((cell) => cell?.tasks)).toEqual([2, 2, 2, 2]);
    }
    const answers = store.steps.map(({ rollouts }) =>
      rollouts.filter(({ phase, verdict }) => phase === 'greedy' && verdict === 'correct'),
    );
    const addingIds = store
      .heldOutTasks()
      .filter(({ program }) => program.includes('+'))
      .map(({ id }) => id);
    expect(cellsOf('operator:add')?.map((cell) => cell?.solved)).toEqual(
      [0, 2, 4, 5].map(
        (step) => answers[step]!.filter(({ taskId }) => addingIds.includes(taskId ?? 0)).length,
      ),
    );
    const tasks = store.tasks().filter(({ solveRate }) => solveRate !== undefined);
    const adding = tasks.filter(({ program }) => program.includes('+'));
    expect(map.selfPlay.rows.find(({ construct }) => construct === 'operator:add')).toEqual({
      construct: 'operator:add',
      cells: [
        {
          tasks: adding.length,
          solved: adding.reduce((sum, { solveRate = 0 }) => sum + solveRate, 0),
        },
      ],
    });
    expect(adding.length).toBeGreaterThan(10);
  });

  test('a construct that a column lacks has no cell there, and an empty run no columns', () => {
    const records = steps(
      17,
      () => [0.5, 0.5],
      () => [true, true],
    );
    const last = { ...records[16]!, tasks: [task(999, 16, ['method:count'], 1)] };
    const row = skills([...records.slice(0, -1), last]).selfPlay.rows.find(
      (one) => one.construct === 'method:count',
    );
    expect(row?.cells).toEqual([null, null, { tasks: 1, solved: 1 }]);
    expect(skills([]).selfPlay).toEqual({ columns: [], rows: [], rowsLeft: 0 });
  });

  test('of very many constructs those of the most tasks are kept', () => {
    const [first, second] = steps(
      2,
      () => [1, 1],
      () => [true, true],
    );
    const many = Array.from({ length: 130 }, (_, index) => `method:m${String(index)}`);
    const more = [task(900, 1, many, 1), task(901, 1, ['method:m129'], 0)];
    const { selfPlay } = skills([first!, { ...second!, tasks: [...second!.tasks, ...more] }]);
    expect(selfPlay.rows).toHaveLength(100);
    expect(selfPlay.rowsLeft).toBe(32);
    expect(selfPlay.rows.slice(0, 2).map(({ construct }) => construct)).toEqual([
      'call:sorted',
      'method:m129',
    ]);
  });
});
