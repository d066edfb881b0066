/** Items of CRUXEval, written by hand, become held-out tasks in both directions. */
import { describe, expect, test } from 'vitest';

import {
  type CruxevalItem,
  cruxevalTasks,
  drawCruxeval,
  parseCruxeval,
} from '../../bench/learn/cruxeval.ts';
import { compositionText, someOfEach } from '../../bench/learn/largerHeldOut.ts';
import type { HeldOutTask } from '../../server/protocol/heldOut.ts';
import type { Grader, InvalidProposal } from '../../server/protocol/sandbox.ts';
import { MODES } from '../../server/protocol/vocabulary.ts';
import { judgeOutput } from '../../server/src/grading/verifyAnswer.ts';

const DOUBLE = 'def f(a):\n    return a * 2';

/** Knows what one program makes of one input, and refuses every other. */
const grader: Pick<Grader, 'validate' | 'verifyDeduction'> = {
  validate: (proposal) => {
    const input = proposal.mode === 'induction' ? '' : proposal.input;
    const refused: InvalidProposal = {
      ...{ valid: false, reason: 'error', message: 'It fails.', executions: [] },
    };
    if (input.includes('range')) return Promise.resolve({ ...refused, reason: 'bad-input' });
    if (proposal.program !== DOUBLE) return Promise.resolve(refused);
    const facts = { structure: 's', template: 't', constructs: [], syntaxNodes: 1, executions: [] };
    const examples = [{ input: '[1, 2]', output: '[1, 2, 1, 2]' }];
    return Promise.resolve({ valid: true, examples, ...facts });
  },
  verifyDeduction: judgeOutput,
};

function item(changes: Partial<CruxevalItem> = {}): CruxevalItem {
  return { code: DOUBLE, input: '[1,2]', output: '[1, 2, 1,2]', id: 'sample_0', ...changes };
}

describe('an item', () => {
  test('asks for its output and for its input, in the spelling of the sandbox', async () => {
    const { tasks, leftOut } = await cruxevalTasks(grader, [item()]);
    const task = {
      program: DOUBLE,
      examples: [{ input: '[1, 2]', output: '[1, 2, 1, 2]' }],
      ...{ visible: 0, stratum: 'cruxeval' },
    };
    expect(tasks).toEqual([
      { mode: 'deduction', ...task },
      { mode: 'abduction', ...task },
    ]);
    expect(leftOut).toEqual({});
  });

  test('that is not sound is left out and counted', async () => {
    const items = [
      item({ code: 'def f(a):\n    return a.missing' }),
      item({ output: '[1, 2]' }),
      item({ input: 'range(2)' }),
      item(),
      item({ output: 'f(1)' }),
      item({ output: '[2]' }),
    ];
    const { tasks, leftOut } = await cruxevalTasks(grader, items);
    expect(tasks).toHaveLength(2);
    expect(leftOut).toEqual({
      ...{ error: 1, 'different-output': 2, 'bad-input': 1, 'not-a-literal': 1 },
    });
    expect(compositionText({ probeTasks: 3, cruxeval: { drawn: 6, leftOut } })).toBe(
      '3 held-out tasks of azr-nano; 6 items of CRUXEval, each in both directions, 5 left out (error 1, different-output 2, bad-input 1, not-a-literal 1).',
    );
  });
});

describe('a file of items', () => {
  const lines = (items: readonly object[]) => items.map((one) => JSON.stringify(one)).join('\n');

  test('is read line by line', () => {
    expect(parseCruxeval(`${lines([item(), item({ id: 'b' })])}\n\n`, 'file')).toEqual([
      item(),
      item({ id: 'b' }),
    ]);
  });

  test.each([
    [`${lines([item()])}\nnot JSON`, 'file, line 2: it is not an item'],
    [lines([{ code: '', input: '', output: '' }]), 'file, line 1: it is not an item'],
    ['null', 'file, line 1: it is not an item'],
    ['\n', 'file holds no item'],
  ])('with a wrong line is refused: %j', (text, message) => {
    expect(() => parseCruxeval(text, 'file')).toThrow(message);
  });

  test('is drawn from the same way each time, a smaller draw being the beginning of a larger', () => {
    const items = Array.from({ length: 50 }, (_, index) => item({ id: String(index) }));
    const drawn = drawCruxeval(items, 20);
    expect(new Set(drawn.map(({ id }) => id)).size).toBe(20);
    expect(drawn).not.toEqual(items.slice(0, 20));
    expect(drawCruxeval(items, 20)).toEqual(drawn);
    expect(drawCruxeval(items, 8)).toEqual(drawn.slice(0, 8));
  });
});

test('of other held-out tasks, as many of each mode and stratum', () => {
  const tasks = MODES.flatMap((mode) =>
    ['taught', 'untaught'].flatMap((stratum) =>
      Array.from({ length: 10 }, (_, index): HeldOutTask => {
        const examples = [{ input: String(index), output: '1' }];
        return { mode, stratum, program: DOUBLE, examples, visible: 0 };
      }),
    ),
  );
  const some = someOfEach(tasks, 26);
  const counts = MODES.flatMap((mode) =>
    ['taught', 'untaught'].map(
      (stratum) => some.filter((task) => task.mode === mode && task.stratum === stratum).length,
    ),
  );
  expect(counts).toEqual([5, 5, 4, 4, 4, 4]);
  expect(someOfEach(tasks, 26)).toEqual(some);
  expect(some).toEqual(tasks.filter((task) => some.includes(task)));
  expect(someOfEach(tasks, 0)).toEqual([]);
  expect(someOfEach(tasks, 1000)).toEqual(tasks);
});
