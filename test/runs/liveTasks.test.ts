import { expect, test } from 'vitest';

import { LiveTasks } from '../../server/src/runs/liveTasks.ts';
import { StepUnderWay } from '../../server/src/run/endpoint/stepUnderWay.ts';

const task = (step: number, program: string) =>
  ({ kind: 'task', step, mode: 'deduction', program, input: '1', output: '1' }) as const;
const phase = (step: number) =>
  ({ kind: 'phase', step, phase: 'propose', done: 0, total: 1 }) as const;

test('the tasks of a step are numbered, titled by what they do, and gone with the step', () => {
  const tasks = new LiveTasks();
  tasks.hear(task(0, 'import math\ndef f(x):\n    return math.sqrt(x)'));
  tasks.hear({ ...task(0, 'def f(x):\n    return -x'), solveRate: 0.5 });
  expect(tasks.latest).toEqual([
    { number: 1, mode: 'deduction', title: 'return math.sqrt(x)' },
    { number: 2, mode: 'deduction', title: 'return -x', solveRate: 0.5 },
  ]);

  tasks.hear(phase(0));
  expect(tasks.latest).toHaveLength(2);
  const committed = { durationMs: 1, generatedTokens: 1, trainedTokens: 1, metrics: [] };
  tasks.hear({ kind: 'step', step: 0, ...committed });
  expect(tasks.latest).toEqual([]);
});

test('a step that was dropped and begun anew begins its tasks anew', () => {
  const tasks = new LiveTasks();
  tasks.hear(task(3, 'def f(x):\n    return x'));
  tasks.hear(phase(2));
  tasks.hear(task(2, 'def f(x):\n    return 2 * x'));
  expect(tasks.latest).toEqual([{ number: 1, mode: 'deduction', title: 'return 2 * x' }]);
});

test('of thousands only the latest are kept', () => {
  const tasks = new LiveTasks();
  for (let index = 1; index <= 5000; index += 1) tasks.hear(task(1, `return ${String(index)}`));
  expect(tasks.latest).toHaveLength(40);
  expect(tasks.latest.at(0)?.number).toBe(4961);
  expect(tasks.latest.at(-1)).toMatchObject({ number: 5000, title: 'return 5000' });
});

test('whoever comes in the middle of a step is told of its latest tasks and how far it is', () => {
  const underWay = new StepUnderWay();
  expect(underWay.progress).toEqual([]);
  underWay.hear(task(3, 'a task of the step before'));
  underWay.hear(phase(4));
  for (let index = 1; index <= 50; index += 1) underWay.hear(task(4, String(index)));
  underWay.hear({ kind: 'notice', message: 'no progress' });
  const solving = { ...phase(4), phase: 'solve', done: 2, total: 9 } as const;
  underWay.hear(solving);
  expect(underWay.progress).toEqual([
    ...Array.from({ length: 40 }, (_, index) => task(4, String(index + 11))),
    solving,
  ]);

  const committed = { durationMs: 1, generatedTokens: 1, trainedTokens: 1, metrics: [] };
  underWay.hear({ kind: 'step', step: 4, ...committed });
  expect(underWay.progress).toEqual([]);
});
