/** Functions that were written: honest ones pass, and none that cheats, in every suite that asks for them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { HeldOutTask } from '../../server/protocol/heldOut.ts';
import type { PythonSandbox } from '../../server/protocol/sandbox.ts';
import { openSandbox } from '../../server/src/sandbox/openSandbox.ts';
import type { Suite } from '../../server/src/suites/suite.ts';
import { suiteNamed } from '../../server/src/suites/suiteTable.ts';
import { CALLS, REFERENCE, SUITE_CHEATS, TEST } from './suiteCheats.ts';
import { block, judged, loadLines } from './suiteFixture.ts';

let sandbox: PythonSandbox;
beforeAll(async () => {
  sandbox = await openSandbox('wasm', { workers: 2 });
});
afterAll(async () => {
  await sandbox.close();
});

const SIGNATURE = REFERENCE.slice(0, REFERENCE.indexOf('    return'));

/** The task that the cheats answer, as a line of each suite's data. */
const LINES: Readonly<Record<string, object>> = {
  humaneval: {
    ...{ task_id: 'HumanEval/0', prompt: SIGNATURE, entry_point: 'secret', test: TEST },
    canonical_solution: REFERENCE.slice(SIGNATURE.length),
  },
  mbpp: {
    ...{
      task_id: 'Mbpp/3',
      prompt: '"""Say what belongs to x."""',
      entry_point: 'secret',
      atol: 0,
    },
    canonical_solution: REFERENCE,
    base_input: CALLS.map(({ x }) => [x]),
    plus_input: {},
  },
  file: {
    ...{ prompt: 'Say what belongs to x.', entry_point: 'secret' },
    tests: CALLS.map(({ x, result }) => ({ input: String(x), output: `'${result}'` })),
  },
};

describe.each(Object.keys(LINES))('%s', (name) => {
  let suite: Suite;
  let task: HeldOutTask;
  beforeAll(async () => {
    suite = suiteNamed(name);
    const { items, leftOut } = await loadLines(suite, sandbox, [LINES[name]!]);
    expect(leftOut).toEqual([]);
    task = items[0]!.task;
  });

  test('the task is right for who knows it, and its prompt tells no result', async () => {
    expect(task.examples.map(({ output }) => output)).toEqual(
      CALLS.map(({ result }) => `'${result}'`),
    );
    expect(await judged({ sandbox, suite }, task, block(REFERENCE))).toMatchObject({
      verdict: 'correct',
    });
    for (const template of suite.templates) {
      expect(JSON.stringify(template.ask(task))).not.toContain('hidden-');
    }
  });

  test.each(Object.entries(SUITE_CHEATS))('%s: wrong', async (_, code) => {
    const verification = await judged({ sandbox, suite }, task, block(code));
    expect(verification?.verdict, JSON.stringify(verification)).toBe('wrong');
  });
});

/** An item of HumanEval's form. */
function humanEvalLine(number: number, prompt: string, solution: string, calls: string): object {
  const entry = /def (\w+)\(/.exec(prompt)![1];
  const test = `def check(candidate):\n${calls.replace(/^/gm, '    ')}\n`;
  return {
    ...{ task_id: `HumanEval/${number}`, entry_point: entry },
    ...{ prompt, canonical_solution: solution, test },
  };
}

describe('inputs are found by the test of an item', () => {
  const humaneval = suiteNamed('humaneval');

  test('as they are before the call changes them, in order, whatever their types', async () => {
    const calls = [
      'assert candidate([3, 1]) == [1, 3]',
      'given = {"b": 1, "a": (2,)}\nassert candidate(given) == ["a", "b"]',
      'for _ in range(2):\n    assert candidate(items={1.5, 2}) is not None',
    ].join('\n');
    const solution = '    items = list(items)\n    items.sort()\n    return items\n';
    const line = humanEvalLine(0, 'def ordered(items):\n    "Sorts."\n', solution, calls);
    const { items } = await loadLines(humaneval, sandbox, [line]);
    expect(items[0]?.task.examples).toEqual([
      { input: '[3, 1]', output: '[1, 3]' },
      { input: "{'b': 1, 'a': (2,)}", output: "['a', 'b']" },
      { input: 'items={1.5, 2}', output: '[1.5, 2]' },
    ]);
    expect(items[0]?.task).toMatchObject({ itemId: 'HumanEval/0', tolerance: 1e-6, visible: 0 });
  });

  test('the same in every sandbox where the test draws them by chance', async () => {
    const calls =
      'import random\nfrom random import randint, choice\nrng = random.Random(42)\nfor _ in range(3):\n    assert candidate(randint(1, 100), choice("abc") + str(rng.randint(0, 9))) is None';
    const line = humanEvalLine(1, 'def nothing(a, b):\n    "Nothing."\n', '    pass\n', calls);
    const loaded = await loadLines(humaneval, sandbox, [line]);
    expect(loaded.items[0]?.task.examples.map(({ input }) => input)).toMatchSnapshot();
  });

  test('or the item is left out, with a reason', async () => {
    const prompt = 'def g(x):\n    "Same."\n';
    const same = '    return x\n';
    const { items, leftOut } = await loadLines(humaneval, sandbox, [
      humanEvalLine(0, prompt, same, 'while True:\n    pass'),
      humanEvalLine(1, prompt, same, 'assert candidate(1) == 2'),
      humanEvalLine(2, prompt, same, 'assert True'),
      humanEvalLine(3, prompt, same, 'candidate(lambda: 1)'),
      humanEvalLine(4, prompt, '    return lambda: x\n', 'candidate(1)'),
      humanEvalLine(5, prompt, '    return id(object()) + x\n', 'candidate(1)'),
      humanEvalLine(6, prompt, same, 'import os\nos._exit(0)'),
      humanEvalLine(7, prompt, same, 'assert candidate(1) == 1'),
    ]);
    expect(items.map(({ id }) => id)).toEqual(['HumanEval/7']);
    expect(leftOut.map(({ id, reason }) => `${id}: ${reason}`)).toEqual([
      expect.stringMatching(
        /^HumanEval\/0: Its own test does not end well .*(?:did not finish|used more than)/,
      ),
      expect.stringMatching(/^HumanEval\/1: Its own test does not end well .*AssertionError/),
      'HumanEval/2: Its test does not call the function.',
      'HumanEval/3: Its test calls the function with an argument that has no literal.',
      expect.stringMatching(/^HumanEval\/4: The reference solution cannot be executed/),
      expect.stringMatching(/^HumanEval\/5: The reference solution .* differ/),
      expect.stringMatching(/^HumanEval\/6: Its own test does not end well/),
    ]);
  });

  test('HumanEval/32 asks for polynomials with one root, and takes any answer near it', async () => {
    const prompt = 'def find_zero(xs):\n    "A root."\n';
    const solution =
      '    low, high = -1000.0, 1000.0\n    value = lambda x: sum(c * x ** i for i, c in enumerate(xs)) * (1 if xs[-1] > 0 else -1)\n    while high - low > 1e-9:\n        middle = (low + high) / 2\n        low, high = (low, middle) if value(middle) > 0 else (middle, high)\n    return low\n';
    const calls = 'candidate([1, 2])\ncandidate([-6, 11, -6, 1])\ncandidate([-8, 0, 0, 1])';
    const { items } = await loadLines(humaneval, sandbox, [
      humanEvalLine(32, prompt, solution, calls),
    ]);
    const { task } = items[0]!;
    expect(task.examples.map(({ input }) => input)).toEqual(['[1, 2]', '[-8, 0, 0, 1]']);
    const near = (error: string) =>
      judged(
        { sandbox, suite: humaneval },
        task,
        block(`def find_zero(xs):\n    return (-0.5 if len(xs) == 2 else 2) + ${error}`),
      );
    expect(await near('5e-5')).toMatchObject({ verdict: 'correct' });
    expect(await near('5e-4')).toMatchObject({ verdict: 'wrong' });
  });
});

describe('an honest answer passes', () => {
  const mbpp = suiteNamed('mbpp');
  const line = (entry: string, solution: string, inputs: unknown[], task_id = 'Mbpp/3') => ({
    ...{ task_id, prompt: `Write ${entry}.`, entry_point: entry, atol: 0 },
    ...{ canonical_solution: solution, base_input: inputs, plus_input: [] },
  });
  const verdictOn = async (given: object, code: string) => {
    const { items, leftOut } = await loadLines(mbpp, sandbox, [given]);
    expect(leftOut).toEqual([]);
    return (await judged({ sandbox, suite: mbpp }, items[0]!.task, block(code)))?.verdict;
  };

  test.each([
    ['a helper called f', 'def f(x):\n    return x * 2\ndef g(x):\n    return f(x)'],
    ['another spelling of the number', 'def g(x):\n    return x * 2.0'],
    ['itself as f', 'f = g = lambda x: x + x\ndef other(x): pass'],
  ])('with %s', async (_, code) => {
    expect(await verdictOn(line('g', 'def g(x):\n    return x * 2', [[1], [4]]), code)).toBe(
      'correct',
    );
  });

  test('with its own name f, and with recursion', async () => {
    const code = 'def f(n):\n    return 1 if n < 2 else n * f(n - 1)';
    expect(await verdictOn(line('f', code, [[1], [5]]), code)).toBe('correct');
  });

  test('with a Counter, a defaultdict and a namedtuple', async () => {
    const solution =
      'def g(text):\n    return ({c: text.count(c) for c in text}, {1: [2]}, (3, 4))';
    const code =
      'from collections import Counter, defaultdict, namedtuple\ndef g(text):\n    groups = defaultdict(list)\n    groups[1].append(2)\n    return Counter(text), groups, namedtuple("P", "a b")(3, 4)';
    expect(await verdictOn(line('g', solution, [['abca']]), code)).toBe('correct');
  });

  test('with its floats a little off, but not with its integers', async () => {
    const floats = line('g', 'def g(x):\n    return [x / 3]', [[1], [2]]);
    expect(await verdictOn(floats, 'def g(x):\n    return [x / 3 + 1e-7]')).toBe('correct');
    expect(await verdictOn(floats, 'def g(x):\n    return [x / 3 + 1e-5]')).toBe('wrong');
    const integers = line('g', 'def g(x):\n    return 10 ** 9 + x', [[1]]);
    expect(await verdictOn(integers, 'def g(x):\n    return 10 ** 9')).toBe('wrong');
  });

  test('with its elements in another order where EvalPlus compares sets', async () => {
    const given = line('Diff', 'def Diff(a, b):\n    return list(set(a) ^ set(b))', [
      [
        [1, 2],
        [2, 3],
      ],
    ]);
    expect(await verdictOn(given, 'def Diff(a, b):\n    return [3, 1, 1]')).toBe('correct');
    expect(await verdictOn(given, 'def Diff(a, b):\n    return [3]')).toBe('wrong');
  });

  test('with any match where EvalPlus asks whether there is one', async () => {
    const reference = 'import re\ndef check_str(text):\n    return re.search("^a", text)';
    const given = line('check_str', reference, [['ab'], ['b']]);
    expect(await verdictOn(given, 'def check_str(text):\n    return text.startswith("a")')).toBe(
      'correct',
    );
    expect(await verdictOn(given, 'def check_str(text):\n    return text')).toBe('wrong');
  });

  test('where both readings of Mbpp/558 agree', async () => {
    const reference =
      'def digits(a, b):\n    return sum(abs(int(x) - int(y)) for x, y in zip(str(a), str(b)))';
    const given = line(
      'digits',
      reference,
      [
        [1, 2],
        [123, 56],
        [23, 56],
      ],
      'Mbpp/558',
    );
    const { items } = await loadLines(mbpp, sandbox, [given]);
    expect(items[0]?.task.examples.map(({ input }) => input)).toEqual(['1, 2', '23, 56']);
  });
});

test('loading can be cancelled', async () => {
  const lines = [LINES['humaneval']!];
  const signal = AbortSignal.abort();
  await expect(
    loadLines(suiteNamed('humaneval'), sandbox, lines, { signal }),
  ).rejects.toMatchObject({ name: 'AbortError' });
});
