/** A user's own file: every kind of line becomes a task, and a bad line is refused with its number and the reason. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { ProblemError } from '../../server/protocol/problem.ts';
import type { PythonSandbox } from '../../server/protocol/sandbox.ts';
import { openSandbox } from '../../server/src/sandbox/openSandbox.ts';
import { fileSuite } from '../../server/src/suites/file/fileSuite.ts';
import { mutated, randomSource } from '../randomJson.ts';
import { block, judged, loadLines } from './suiteFixture.ts';

let sandbox: PythonSandbox;
beforeAll(async () => {
  sandbox = await openSandbox('wasm', { workers: 2 });
});
afterAll(async () => {
  await sandbox.close();
});

const PROGRAM = {
  ...{ id: 'double', program: 'def f(a, b=2):\n    return [a] * b' },
  ...{ input: "'x', b=3", output: "['x','x', 'x']" },
};
const TESTED = {
  ...{ prompt: 'Half of a number.', entry_point: 'half' },
  tests: [
    { input: '3', output: '1.5' },
    { input: '-4', output: '-2.0' },
  ],
};
const QUESTION = { question: 'How many legs do 3 cats have?', answer: '3 * 4 = 12\n#### 12' };

test('every kind of line becomes tasks, blank lines none', async () => {
  const { items, leftOut } = await loadLines(fileSuite, sandbox, [PROGRAM, '', TESTED, QUESTION]);
  expect(leftOut).toEqual([]);
  const examples = [{ input: "'x', b=3", output: "['x', 'x', 'x']" }];
  expect(items).toMatchObject([
    {
      id: 'double output',
      task: { mode: 'deduction', stratum: 'output', itemId: 'double', examples },
    },
    {
      id: 'double input',
      task: { mode: 'abduction', stratum: 'input', itemId: 'double', examples },
    },
    { id: 'line 3', task: { mode: 'induction', message: 'Half of a number.', tolerance: 1e-6 } },
    { id: 'line 4', task: { mode: 'deduction', program: '', examples: [{ output: '12' }] } },
  ]);
});

test('answers are read and judged by the kind of the line', async () => {
  const { items } = await loadLines(fileSuite, sandbox, [PROGRAM, TESTED, QUESTION]);
  const verdicts = async (answers: readonly string[], name: string) =>
    Promise.all(
      items.map(async ({ task }, index) => {
        const verification = await judged(
          { sandbox, suite: fileSuite, name },
          task,
          answers[index]!,
        );
        return verification?.verdict;
      }),
    );
  const right = [
    "Answer: ['x', 'x', 'x']",
    "Answer: f('x', 3)",
    block('half = lambda x: x / 2\ndef unused(): pass'),
    'Answer: twelve',
  ];
  expect(await verdicts(right, 'chat')).toEqual(Array(4).fill('correct'));
  const wrong = [
    "Answer: ('x', 'x', 'x')",
    "Answer: 'x'",
    block('def half(x):\n    return x // 2'),
    'Answer: 13',
  ];
  expect(await verdicts(wrong, 'chat')).toEqual(Array(4).fill('wrong'));
  const base = [
    " ['x','x','x']\n",
    "'x', 3) # done",
    'def half(x):\n    return x / 2\n\n"""',
    ' 3 * 4.\nAnswer: 12',
  ];
  expect(await verdicts(base, 'base')).toEqual(Array(4).fill('correct'));
});

describe('an answer without what was asked is not right:', () => {
  test.each([
    ['a call in place of the output', "Answer: f('x', 3)"],
    ['the words of the program', 'Answer: a * b'],
    ['code that would be evaluated', 'Answer: __import__("os")._exit(0)'],
    ['an expression', "Answer: ['x'] * 3"],
    ['a comparison', 'Answer: True or 1'],
    ['a printed text', block("print(\"['x', 'x', 'x']\")")],
    ['an object equal to everything', block('type("A", (), {"__eq__": lambda s, o: True})()')],
  ])('%s', async (_, completion) => {
    const { items } = await loadLines(fileSuite, sandbox, [PROGRAM, QUESTION]);
    for (const { id, task } of items) {
      // The call is how an input may be stated.
      if (id === 'double input' && completion.includes("f('x', 3)")) continue;
      const verification = await judged({ sandbox, suite: fileSuite }, task, completion);
      expect(verification?.verdict, id).not.toBe('correct');
    }
  });
});

describe('a bad line is refused with its number and the reason:', () => {
  test.each([
    ['not JSON', '{"program"', 'it is not valid JSON'],
    ['not an object', '[1]', 'it must be object'],
    ['nothing known', {}, "it must have required property 'question'"],
    [
      'no output',
      { program: 'def f(): pass', input: '' },
      "it must have required property 'output'",
    ],
    ['a wrong field', { ...QUESTION, solution: 'x' }, 'it must NOT have additional properties'],
    ['no tests', { ...TESTED, tests: [] }, '"tests" must NOT have fewer than 1 items'],
    ['a wrong type', { ...QUESTION, answer: 12 }, '"answer" must be string'],
    [
      'an input that is not literals',
      { ...PROGRAM, input: 'g(1)' },
      'its "input" is not made of literals: g is a name',
    ],
    [
      'an output that is not a literal',
      { ...PROGRAM, output: 'set' },
      'its "output" is not made of literals',
    ],
    [
      'an output that does not come true',
      { ...PROGRAM, output: '1' },
      "its \"output\" does not come true: The answer is 1; the program gives ['x', 'x', 'x']",
    ],
    ['a program with an error', { ...PROGRAM, program: 'def f(:' }, 'its program is refused: '],
    [
      'a program that never ends',
      { ...PROGRAM, program: 'def f(a, b):\n    while True: pass' },
      'its program is refused: The program ',
    ],
    [
      'a program that exits',
      { ...PROGRAM, program: 'import os\ndef f(a, b): os._exit(0)' },
      'its program is refused: ',
    ],
    [
      'a program of chance',
      { ...PROGRAM, program: 'def f(a, b):\n    return id(object())' },
      'its program is refused: Two runs of the program differ',
    ],
    [
      'a test that is not literals',
      {
        ...TESTED,
        tests: [
          { input: '1', output: '1' },
          { input: 'x', output: '1' },
        ],
      },
      'its "input" of test 2 is not made of literals',
    ],
    [
      'an entry point that is not a name',
      { ...TESTED, entry_point: 'f()\nimport os' },
      '"entry_point" must match pattern',
    ],
    [
      'an answer that is not a number',
      { ...QUESTION, answer: 'many' },
      'its "answer" is not a number',
    ],
    ['a repeated id', { ...QUESTION, id: 'one' }, 'it has the same "id" as line 1'],
  ])('%s', async (_, line, reason) => {
    const lines = [{ ...QUESTION, id: 'one' }, '', line];
    await expect(loadLines(fileSuite, sandbox, lines)).rejects.toMatchObject({
      code: 'invalid-suite-data',
      message: expect.stringContaining(`items.jsonl, line 3: ${reason}`) as unknown,
    });
  });

  test('and so is a file without lines, and no file', async () => {
    await expect(loadLines(fileSuite, sandbox, ['', ' '])).rejects.toMatchObject({
      message: expect.stringContaining('it holds no item') as unknown,
    });
    const { signal } = new AbortController();
    const context = { sandbox, cacheFolder: '', signal, onProgress: () => undefined };
    await expect(fileSuite.load(context)).rejects.toMatchObject({ code: 'no-suite-data' });
  });
});

test('lines of chance are taken or refused, and nothing else happens', async () => {
  const random = randomSource(7);
  const outcomes = { taken: 0, refused: 0 };
  for (let index = 0; index < 600; index += 1) {
    // No programs: what those do is for the tests of the sandbox.
    const original = JSON.stringify(index % 2 === 0 ? TESTED : QUESTION);
    const line = damaged(original, random);
    try {
      await loadLines(fileSuite, sandbox, [line]);
      outcomes.taken += 1;
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      expect(error.code).toBe('invalid-suite-data');
      expect(error.message).toMatch(/items\.jsonl(, line \d+)?: /);
      outcomes.refused += 1;
    }
  }
  expect(outcomes.taken).toBeGreaterThan(50);
  expect(outcomes.refused).toBeGreaterThan(200);
});

/** Values of other kinds in it, or a few characters replaced, left out or doubled. */
function damaged(line: string, random: () => number): string {
  if (random() < 0.3) return JSON.stringify(mutated(JSON.parse(line), random) ?? null);
  const below = (count: number) => Math.floor(random() * count);
  const characters = Array.from(line);
  const place = below(characters.length);
  const kind = below(3);
  if (kind === 0) characters[place] = Array.from('{}[]",:\\0e\u{1f600}\0')[below(12)]!;
  else if (kind === 1) characters.splice(place, 1 + below(4));
  else characters.splice(place, 0, characters[place]!);
  return characters.join('');
}
