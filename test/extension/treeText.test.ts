import { describe, expect, test } from 'vitest';

import { itemUri } from '../../extension/src/tree/itemAddress.ts';
import {
  filterChoices,
  filterMessage,
  filterOf,
  isChosen,
  storedFilter,
} from '../../extension/src/tree/itemFilter.ts';
import { nodeText } from '../../extension/src/tree/treeText.ts';
import { attempt, groupNode, itemNode, proposal, runNode, stepNode } from './treeSamples.ts';

describe('a node', () => {
  test('of a run carries its state, step and solve rate', () => {
    expect(nodeText(runNode())).toMatchObject({
      label: 'first',
      description: 'step 12/200 · 41 %',
      icon: { name: 'sync~spin' },
    });
    expect(nodeText(runNode({ state: 'failed' }))).toMatchObject({
      description: 'failed · step 12/200 · 41 %',
      icon: { name: 'error' },
    });
  });

  test('of a run that cannot be read says why and what to do', () => {
    const problem = { code: 'newer', message: 'Made by a newer version.', remedy: 'Update.' };
    const text = nodeText(runNode({ state: 'unreadable', problem }));

    expect(text.icon.name).toBe('warning');
    expect(text.tooltip).toEqual(expect.arrayContaining([problem.message, problem.remedy]));
  });

  test('of a problem below a run names its files within the folder of the run', () => {
    const parent = runNode({ state: 'unreadable', folder: '/data/runs/first' });
    const problem = { code: 'corrupt', message: '/data/runs/first/run.db is torn.', remedy: '' };
    const text = nodeText({ kind: 'problem', id: 'problem', parent, problem });
    expect(text.label).toBe('run.db is torn.');
    expect(text.tooltip[0]).toBe(problem.message);
  });

  test('of a step weighs the solve rate by the tasks of each mode', () => {
    // (0.25 · 10 + 0.45 · 30) / 40 = 0.4
    expect(nodeText(stepNode())).toMatchObject({
      label: 'Step 3',
      description: '40 % solved · 12 new tasks',
    });
  });

  test('of a task that is not stored yet says so, and its solve rate once it is known', () => {
    const live = { kind: 'live', id: 'live', parent: runNode() } as const;
    const task = { number: 1, mode: 'abduction', title: 'return x[::-1]' } as const;
    const text = nodeText({ kind: 'liveTask', id: 'task', parent: live, task });
    expect(text).toMatchObject({ label: 'return x[::-1]', description: 'abduction' });
    expect(text.tooltip).toContain('It can be opened once its step is finished and stored.');

    const measured = { ...task, solveRate: 0.375 };
    expect(nodeText({ kind: 'liveTask', id: 'task', parent: live, task: measured })).toMatchObject({
      description: 'abduction · 38 %',
    });
  });

  test('of a group says how many did well', () => {
    expect(nodeText(groupNode())).toMatchObject({
      label: 'solver · deduction',
      description: '6/10 · 25 %',
    });
  });

  test('of a proposal carries its solve rate or the reason of its rejection', () => {
    expect(nodeText(itemNode(proposal()))).toMatchObject({
      label: 'return sorted(x)',
      description: '38 %',
      icon: { name: 'pass' },
    });
    const rejected = proposal({ accepted: false, reason: 'too-few-inputs' });
    expect(nodeText(itemNode(rejected))).toMatchObject({
      description: 'too few inputs',
      icon: { name: 'circle-slash' },
    });
  });

  test.each([
    [0, 'error'],
    [3, 'circle-large-filled'],
    [8, 'pass'],
  ])('of a task with %d of 8 right answers has the icon %s', (correct, name) => {
    expect(nodeText(itemNode(attempt({ correct })))).toMatchObject({
      description: `${String(correct)}/8 correct`,
      icon: { name },
    });
  });

  test('of held-out tasks, and of one of them, says how the likeliest answers did', () => {
    const group = { ...groupNode().group, role: 'held-out', good: 6, solveRate: 0.6 } as const;
    expect(nodeText({ ...groupNode(), group })).toMatchObject({
      label: 'held out · deduction',
      description: '6/10 · 60 %',
      icon: { name: 'beaker' },
    });
    const heldOut = attempt({ phase: 'greedy', stratum: 'untaught 1', attempts: 1, correct: 1 });
    const text = nodeText(itemNode(heldOut));
    expect(text).toMatchObject({ description: 'correct · untaught 1', icon: { name: 'pass' } });
    expect(text.tooltip).toContain('Held-out task 5, untaught 1');
    const wrong = attempt({ phase: 'greedy', attempts: 1, correct: 0 });
    expect(nodeText(itemNode(wrong))).toMatchObject({ description: 'wrong' });
  });

  test('of the step at work tells how far its phase is, and what that has left', () => {
    const live = { step: 0, phase: 'probe', done: 360, total: 7200 } as const;
    const parent = runNode({ lastStep: -1, live: { ...live, phaseRemainingMs: 76_000 } });

    expect(nodeText({ kind: 'live', id: 'live', parent })).toMatchObject({
      label: 'Step 0',
      description: 'probing held-out tasks 360/7200 · 1 min left',
    });
  });

  test('of an evaluation names its suite and its subjects', () => {
    const evaluation = { suite: 'cruxeval', subjects: ['mine@0', 'mine@80'] };
    const live = { step: 1, phase: 'probe', done: 3, total: 24 } as const;
    const parent = runNode({ evaluation, lastStep: 0, live });
    expect(nodeText(parent)).toMatchObject({
      label: expect.stringMatching(/^Evaluation of cruxeval, /) as string,
      description: expect.stringContaining('1 of 2 asked') as string,
    });
    expect(nodeText({ kind: 'live', id: 'live', parent })).toMatchObject({ label: 'mine@80' });
    const step = { ...stepNode().step, step: 0 };
    const groups = [
      { role: 'held-out', mode: 'deduction', count: 10, good: 4, solveRate: 0.4 },
    ] as const;
    const subject = { ...stepNode(), parent, step: { ...step, groups } };
    expect(nodeText(subject)).toMatchObject({ label: 'mine@0', description: '4/10' });
  });

  test('of a replayed task says so', () => {
    expect(nodeText(itemNode(attempt({ phase: 'replay' }))).description).toBe(
      '3/8 correct · replay',
    );
  });

  test('opens the task, the rejected proposal or the first answer', () => {
    expect(itemUri(itemNode(proposal({ taskId: 4 })))).toBe('azr:/run-1/task-4.py');
    expect(itemUri(itemNode(proposal({ accepted: false })))).toBe('azr:/run-1/proposal-7.py');
    expect(itemUri(itemNode(attempt()))).toBe('azr:/run-1/answer-99.py');
  });
});

describe('the filter', () => {
  const [solver] = filterChoices('roles').filter(({ value }) => value === 'solver');
  const wrong = filterChoices('verdicts').filter(({ value }) => value === 'wrong');
  const choices = [...(solver === undefined ? [] : [solver]), ...wrong];

  test('holds what was ticked and leaves out the rest', () => {
    const filter = filterOf(choices, '  sort ');

    expect(filter).toEqual({ roles: ['solver'], verdicts: ['wrong'], text: 'sort' });
    expect(choices.every((choice) => isChosen(filter, choice))).toBe(true);
    expect(filterOf([], ' ')).toEqual({});
  });

  test('is said in the view', () => {
    expect(filterMessage(filterOf(choices, 'sort'))).toBe('Filter: solver · wrong · "sort"');
    expect(filterMessage({})).toBeUndefined();
  });

  test('that another version stored keeps what is still known', () => {
    expect(storedFilter({ roles: ['solver', 'judge'], reasons: 'syntax', text: 7 })).toEqual({
      roles: ['solver'],
    });
    expect(storedFilter('nonsense')).toEqual({});
  });

  test('offers each reason once', () => {
    const reasons = filterChoices('reasons').map(({ value }) => value);

    expect(new Set(reasons).size).toBe(reasons.length);
    expect(reasons).toEqual(expect.arrayContaining(['duplicate-inputs', 'different-output']));
  });
});
