import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { ItemFilter, TableQuery } from '../../server/protocol/queries.ts';
import { handMadeSteps } from './handMadeSteps.ts';
import { sampleSession } from './sampleRun.ts';
import { runWith, storeErrorOf } from './temporaryRun.ts';
import { WholeQueries } from './wholeQueries.ts';

const RUN = { runId: 'run' };
let queries: WholeQueries;
let close: () => void;

beforeEach(() => {
  const { path, store } = runWith(handMadeSteps());
  store.startSession(sampleSession(-1));
  store.startSession(sampleSession(0));
  queries = WholeQueries.open(path);
  close = () => {
    queries.close();
    store.close();
  };
});

afterEach(() => {
  close();
});

describe('steps', () => {
  test('the newest first, with what each role and mode did', () => {
    expect(queries.steps({ ...RUN, order: 'newest', limit: 10 })).toEqual({
      items: [
        {
          step: 1,
          startedAt: '2026-01-01T00:00:10.000Z',
          durationMs: 3000,
          groups: [
            { role: 'proposer', mode: 'deduction', count: 2, good: 1, solveRate: 0.75 },
            { role: 'proposer', mode: 'induction', count: 1, good: 1, solveRate: 0 },
            { role: 'solver', mode: 'deduction', count: 1, good: 1, solveRate: 0.75 },
            { role: 'solver', mode: 'induction', count: 1, good: 0, solveRate: 0 },
          ],
        },
        {
          step: 0,
          startedAt: '2026-01-01T00:00:00.000Z',
          durationMs: 1000,
          groups: [
            { role: 'proposer', mode: 'deduction', count: 1, good: 1 },
            // Held-out tasks are in a list of their own, so that they say nothing of self-play.
            { role: 'held-out', mode: 'deduction', count: 1, good: 1, solveRate: 1 },
          ],
        },
      ],
    });
  });

  test('a page ends with the cursor of its last step', () => {
    const first = queries.steps({ ...RUN, order: 'oldest', limit: 1 });
    expect(first.items.map(({ step }) => step)).toEqual([0]);
    const beyondStep = Number(first.cursor);
    const second = queries.steps({ ...RUN, order: 'oldest', limit: 1, beyondStep });
    expect(second.items.map(({ step }) => step)).toEqual([1]);
    expect(second.cursor).toBeUndefined();
  });

  test.each<[string, ItemFilter, string[]]>([
    ['a step', { step: 0 }, ['0 proposer deduction 1/1', '0 held-out deduction 1/1']],
    ['a mode', { modes: ['induction'] }, ['1 proposer induction 1/1', '1 solver induction 0/1']],
    [
      'a role',
      { roles: ['solver'], step: 1 },
      ['1 solver deduction 1/1', '1 solver induction 0/1'],
    ],
    ['rejected', { verdicts: ['rejected'] }, ['1 proposer deduction 0/1']],
    ['malformed', { verdicts: ['malformed'] }, ['1 solver deduction 1/1']],
    [
      'reasons of both roles',
      { reasons: ['syntax', 'timeout'] },
      ['1 proposer deduction 0/1', '1 solver induction 0/1'],
    ],
    ['a text', { text: 'WHILE true' }, ['1 solver induction 0/1']],
    [
      'a text in a held-out task',
      { text: 'return a', step: 0 },
      ['0 proposer deduction 1/1', '0 held-out deduction 1/1'],
    ],
    [
      'the role that answers held-out tasks',
      { roles: ['solver'], step: 0 },
      ['0 held-out deduction 1/1'],
    ],
    ['nothing', { text: 'nowhere' }, []],
  ])('filtered by %s', (_what, filter, expected) => {
    const { items, cursor } = queries.steps({ ...RUN, order: 'oldest', limit: 10, filter });
    const groups = items.flatMap(({ step, groups: ofStep }) =>
      ofStep.map(
        ({ role, mode, good, count }) =>
          `${String(step)} ${role} ${mode} ${String(good)}/${String(count)}`,
      ),
    );
    expect(groups).toEqual(expected);
    expect(cursor).toBeUndefined();
  });
});

describe('items of a step', () => {
  const ask = (role: 'proposer' | 'solver', mode: 'deduction' | 'induction', filter?: ItemFilter) =>
    queries.stepItems({
      ...{ ...RUN, step: 1, role, mode, offset: 0, limit: 10 },
      ...(filter === undefined ? {} : { filter }),
    });

  test('proposals carry what became of them', () => {
    expect(ask('proposer', 'deduction')).toEqual({
      items: [
        {
          ...{ kind: 'proposal', id: 2, step: 1, mode: 'deduction', rolloutId: 3 },
          ...{ accepted: true, taskId: 3, title: 'return a + 2' },
          ...{ solveRate: 0.75, learnability: 0.25, reward: 0.25, advantage: 1, syntaxNodes: 10 },
        },
        {
          ...{ kind: 'proposal', id: 3, step: 1, mode: 'deduction', rolloutId: 4 },
          ...{ accepted: false, reason: 'syntax', title: 'retrun a  # 100%_sure' },
          ...{ reward: -1, advantage: -1 },
        },
      ],
    });
  });

  test('attempts carry how often they were right', () => {
    expect(ask('solver', 'deduction')).toEqual({
      items: [
        {
          ...{
            kind: 'attempt',
            taskId: 3,
            group: 6,
            step: 1,
            mode: 'deduction',
            phase: 'estimate',
          },
          ...{ title: 'return a + 3', correct: 3, attempts: 4, rolloutId: 6 },
        },
      ],
    });
    expect(ask('solver', 'induction').items).toMatchObject([{ title: 'Zählt die Öfen' }]);
  });

  test('held-out tasks are in a list of their own, by their greedy answers', () => {
    const ofStep = { ...RUN, step: 0, mode: 'deduction', offset: 0, limit: 5 } as const;
    expect(queries.stepItems({ ...ofStep, role: 'held-out' }).items).toEqual([
      {
        ...{ kind: 'attempt', group: 2, step: 0, mode: 'deduction', phase: 'greedy', taskId: 9 },
        ...{ title: 'return a', stratum: 'untaught 1', correct: 1, attempts: 1, rolloutId: 2 },
      },
    ]);
    expect(queries.stepItems({ ...ofStep, role: 'solver' }).items).toEqual([]);
    expect(queries.relatives.heldOutPosition(9, { step: 0, mode: 'deduction' })).toBe(0);
  });

  test('held-out tasks are no tasks of self-play', () => {
    expect([...queries.reader.selfPlayTasks()].map(({ id }) => id)).toEqual([1, 2, 3, 4]);
    expect([...queries.reader.heldOutTasks()].map(({ id }) => id)).toEqual([9]);
    expect(queries.reader.heldOutCount()).toBe(1);
    // Two seeds; with the held-out task there would be three, and another template.
    const [seeding] = queries.curriculum('run', 2).stretches;
    expect(seeding).toMatchObject({ distinctTemplates: 1, meanSyntaxNodes: 6 });
  });

  test('a filter of another role, mode or step leaves nothing', () => {
    expect(ask('proposer', 'deduction', { roles: ['solver'] }).items).toEqual([]);
    expect(ask('proposer', 'deduction', { modes: ['abduction'] }).items).toEqual([]);
    expect(ask('proposer', 'deduction', { step: 0 }).items).toEqual([]);
    expect(ask('solver', 'deduction', { verdicts: ['accepted'] }).items).toEqual([]);
    expect(ask('proposer', 'deduction', { verdicts: ['correct'] }).items).toEqual([]);
  });

  test('offset and limit page through them', () => {
    const page = { ...RUN, step: 1, role: 'proposer', mode: 'deduction', limit: 1 } as const;
    const first = queries.stepItems({ ...page, offset: 0 });
    expect(first).toMatchObject({ items: [{ id: 2 }], cursor: '1' });
    const second = queries.stepItems({ ...page, offset: Number(first.cursor) });
    expect(second).toMatchObject({ items: [{ id: 3 }] });
    expect(second.cursor).toBeUndefined();
  });
});

describe('tables', () => {
  type Asked = Pick<TableQuery, 'table' | 'sort'> & { filter?: ItemFilter; descending?: boolean };
  const idsOf = ({ descending = false, ...query }: Asked) => {
    const asked = { ...RUN, limit: 100, descending, ...query } as TableQuery;
    return queries.table(asked).items.map(({ id }) => id);
  };

  test.each<['proposals' | 'rollouts', string, number[], number[]]>([
    ['proposals', 'id', [1, 2, 3, 4], [4, 3, 2, 1]],
    // Without a value last, whatever the direction.
    ['proposals', 'solveRate', [4, 2, 1, 3], [2, 4, 3, 1]],
    ['proposals', 'learnability', [4, 2, 1, 3], [2, 4, 3, 1]],
    ['proposals', 'reward', [3, 4, 2, 1], [2, 4, 3, 1]],
    ['proposals', 'syntaxNodes', [1, 2, 4, 3], [4, 2, 1, 3]],
    [
      'rollouts',
      'reward',
      [4, 9, 10, 11, 5, 3, 2, 6, 7, 8, 1],
      [8, 7, 6, 2, 3, 5, 11, 10, 9, 4, 1],
    ],
    [
      'rollouts',
      'advantage',
      [9, 4, 5, 6, 7, 8, 3, 1, 2, 10, 11],
      [3, 8, 7, 6, 5, 4, 9, 11, 10, 2, 1],
    ],
    [
      'rollouts',
      'tokenCount',
      [4, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11],
      [11, 10, 9, 8, 7, 6, 5, 3, 2, 1, 4],
    ],
  ])('%s by %s', (table, sort, ascending, descending) => {
    const query = { table, sort } as Asked;
    expect(idsOf(query)).toEqual(ascending);
    expect(idsOf({ ...query, descending: true })).toEqual(descending);
  });

  test.each<[string, ItemFilter, number[]]>([
    ['accepted', { verdicts: ['accepted'] }, [1, 2, 4]],
    ['rejected', { verdicts: ['rejected'] }, [3]],
    ['either', { verdicts: ['accepted', 'rejected'] }, [1, 2, 3, 4]],
    ['verdicts of answers', { verdicts: ['wrong'] }, []],
    ['a step and modes', { step: 1, modes: ['induction', 'abduction'] }, [4]],
    ['a role', { roles: ['solver'] }, []],
    ['a reason', { reasons: ['syntax', 'timeout'] }, [3]],
    ['a program', { text: 'RETURN A + 2' }, [2]],
    ['a wildcard taken as it is', { text: '0%_s' }, [3]],
    ['a wildcard that fits nothing', { text: 'r%n' }, []],
    ['letters beyond ASCII in any case', { text: 'ZÄHLT' }, [4]],
    ['two conditions', { verdicts: ['accepted'], text: 'a + 2' }, [2]],
    [
      'empty lists, which are no condition',
      { modes: [], verdicts: [], reasons: [], text: '' },
      [1, 2, 3, 4],
    ],
  ])('proposals filtered by %s', (_what, filter, expected) => {
    expect(idsOf({ table: 'proposals', sort: 'id', filter })).toEqual(expected);
  });

  test.each<[string, ItemFilter, number[]]>([
    ['verdicts', { verdicts: ['malformed', 'wrong'] }, [9, 10, 11]],
    ['accepted', { verdicts: ['accepted'] }, [1, 3, 5]],
    ['rejected or malformed', { verdicts: ['rejected', 'malformed'] }, [4, 9]],
    ['a role', { roles: ['proposer'] }, [1, 3, 4, 5]],
    ['reasons', { reasons: ['timeout', 'not-a-literal'] }, [9, 11]],
    ['a step', { step: 0 }, [1, 2]],
    ['an answer', { text: 'while' }, [11]],
    ["the message of the answer's task", { text: 'öfen' }, [5, 10, 11]],
  ])('rollouts filtered by %s', (_what, filter, expected) => {
    expect(idsOf({ table: 'rollouts', sort: 'id', filter })).toEqual(expected);
  });

  test('an answer is shown as one line', () => {
    const query = { ...RUN, table: 'rollouts', sort: 'id', descending: false, limit: 1 } as const;
    expect(queries.table({ ...query, filter: { reasons: ['timeout'] } }).items).toMatchObject([
      { answer: 'def f(a): ⏎ while True: pass', tokenCount: 3, trained: false },
    ]);
  });

  test.each([
    ['a cursor of another list', { cursor: '["rollouts id up",1]' }],
    ['a cursor that is none', { cursor: 'x' }],
    ['no limit', { limit: 0 }],
    ['a limit that is no number', { limit: Number.NaN }],
    ['a very long text', { filter: { text: 'x'.repeat(1001) } }],
  ])('%s is refused', (_what, more) => {
    const query = { ...RUN, table: 'proposals', sort: 'id', descending: false, limit: 5 } as const;
    const error = storeErrorOf(() => queries.table({ ...query, ...more }));
    expect(error.code).toBe('invalid-query');
    expect(error.remedy).not.toBe('');
  });
});

describe('curves and curriculum', () => {
  test('a metric that is not a number, or not there, is null', () => {
    const names = ['probe.greedy.mean', 'entropy', 'step.durationMs', 'unknown'];
    expect(queries.metrics({ ...RUN, names, afterStep: -1, maximumPoints: 100 })).toEqual({
      ...RUN,
      sequence: 2,
      steps: [0, 1],
      series: {
        'probe.greedy.mean': [0.5, 0.75],
        entropy: [null, 2],
        'step.durationMs': [1000, 3000],
        unknown: [null, null],
      },
      resumedAfter: [0],
    });
  });

  test('only later steps, and none at all', () => {
    const query = { ...RUN, names: ['probe.greedy.mean'], maximumPoints: 100 };
    expect(queries.metrics({ ...query, afterStep: 0 })).toMatchObject({
      steps: [1],
      series: { 'probe.greedy.mean': [0.75] },
    });
    expect(queries.metrics({ ...query, afterStep: 1 })).toMatchObject({ steps: [] });
  });

  test('two steps on one point are averaged over what was measured', () => {
    const names = ['probe.greedy.mean', 'entropy', 'step.durationMs'];
    expect(queries.metrics({ ...RUN, names, afterStep: -1, maximumPoints: 1 })).toMatchObject({
      steps: [1],
      series: { 'probe.greedy.mean': [0.625], entropy: [2], 'step.durationMs': [2000] },
    });
  });

  test('names of all metrics', () => {
    expect(queries.metricNames()).toEqual(['entropy', 'probe.greedy.mean', 'step.durationMs']);
  });

  test('the curriculum in two stretches and in one', () => {
    const ofRun = queries.curriculum('run', 2);
    expect(ofRun.estimationRollouts).toBe(8);
    expect(ofRun.stretches).toEqual([
      {
        ...{ firstStep: 0, lastStep: 0, solveRateCounts: [0, 0, 0, 0, 0, 0, 0, 0, 0] },
        ...{ meanLearnability: null, meanSyntaxNodes: 6, distinctTemplates: 1 },
      },
      {
        ...{ firstStep: 1, lastStep: 1, solveRateCounts: [1, 0, 0, 0, 0, 0, 1, 0, 0] },
        ...{ meanLearnability: 0.125, meanSyntaxNodes: 12, distinctTemplates: 2 },
      },
    ]);
    expect(queries.curriculum('run', 1).stretches).toMatchObject([
      { firstStep: 0, lastStep: 1, meanSyntaxNodes: 9, distinctTemplates: 3 },
    ]);
  });
});

describe('relatives', () => {
  test('a task, its proposal, its parents, its children and its answers', () => {
    const { relatives } = queries;
    expect(relatives.proposalOfTask(3)?.id).toBe(2);
    expect(relatives.proposalOfTask(2)).toBeUndefined();
    expect(relatives.proposalOfRollout(4)).toEqual(relatives.proposal(3));
    expect(relatives.tasksByIds([3, 1, 99]).map(({ id }) => id)).toEqual([1, 3]);
    expect(relatives.childrenOfTask(1, 10).map(({ id }) => id)).toEqual([3, 4]);
    expect(relatives.childrenOfTask(1, 1).map(({ id }) => id)).toEqual([3]);
    expect(relatives.childrenOfTask(4, 10)).toEqual([]);
    expect(queries.answers(3, 3).items.map(({ id }) => id)).toEqual([9, 8, 7]);
    expect(relatives.answerCounts(3)).toEqual({ attempts: 4, correct: 3 });
    expect(relatives.firstAnswer(3)?.id).toBe(6);
    expect(relatives.groupMembers(6).map(({ id }) => id)).toEqual([6, 7, 8, 9]);
  });

  test('places in the lists of a step', () => {
    const { relatives } = queries;
    expect(relatives.proposalPosition({ id: 3, step: 1, mode: 'deduction' })).toBe(1);
    expect(relatives.attemptPosition({ group: 6, step: 1, mode: 'deduction' })).toBe(0);
  });
});
