/** What a test of the Test Explorer shows as expected and actual. */
import { expect, test } from 'vitest';

import type { RolloutRecord, TaskRecord } from '../../server/protocol/records.ts';
import { heldOutVerdict } from '../../server/src/languageServer/queries/heldOutTests.ts';

const EXECUTION = { stdout: '', durationMs: 1, cpuMs: 1, memoryKb: 1 };

function task(changes: Partial<TaskRecord>): TaskRecord {
  return {
    ...{ id: 3, step: 0, origin: 'held-out', mode: 'deduction', visible: 0 },
    ...{ program: 'def f(a):\n    return a * 2', examples: [{ input: '4', output: '8' }] },
    ...{ structure: '', template: '', constructs: [], syntaxNodes: 1, parentTaskIds: [] },
    ...changes,
  };
}

function answer(changes: Partial<RolloutRecord>): RolloutRecord {
  return {
    ...{ id: 9, step: 0, role: 'solver', mode: 'deduction', phase: 'greedy', group: 1 },
    ...{ prompt: '', completion: 'no idea', promptTokens: [], tokens: [], logProbabilities: [] },
    ...{ stopReason: 'stop', executions: [], rewardTerms: [], trained: false },
    ...{ verdict: 'wrong', verdictMessage: 'Why.' },
    ...changes,
  };
}

const induction = task({
  mode: 'induction',
  examples: ['1', '2', '3'].map((input) => ({ input, output: `${input}0` })),
  visible: 1,
});

test.each([
  ['an output', task({}), answer({ answer: ' 9 ' }), '8', '9'],
  [
    'an input, with what the program gives for it',
    task({ mode: 'abduction' }),
    answer({ answer: '5', executions: [{ ...EXECUTION, outcome: 'ok', output: '10' }] }),
    'f(5)\n8',
    'f(5)\n10',
  ],
  [
    'an input that makes the program fail',
    task({ mode: 'abduction' }),
    answer({
      answer: 'None',
      executions: [{ ...EXECUTION, outcome: 'error', message: 'TypeError' }],
    }),
    'f(None)\n8',
    'f(None)\nerror: TypeError',
  ],
  [
    'a program, by the examples that were hidden and only those',
    induction,
    answer({
      answer: 'def g(a):\n    return 20',
      executions: ['20', '20'].map((output) => ({ ...EXECUTION, outcome: 'ok', output })),
    }),
    'g(2)  → 20\ng(3)  → 30',
    'g(2)  → 20\ng(3)  → 20',
  ],
  [
    'a program that was never run',
    induction,
    answer({ answer: 'import os' }),
    'f(2)  → 20\nf(3)  → 30',
    'import os',
  ],
  [
    'nothing that could be read',
    task({}),
    answer({}),
    '8',
    'No answer could be read from the completion:\nno idea',
  ],
])('%s', (_, asked, given, expected, actual) => {
  expect(heldOutVerdict(asked, given)).toMatchObject({
    ...{ taskId: 3, rolloutId: 9, verdict: 'wrong', message: 'Why.' },
    ...{ expected, actual },
  });
});
