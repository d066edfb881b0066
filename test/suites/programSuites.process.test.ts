/** Outputs and inputs of programs: what is asked, what is left out and why, and answers that want to cheat. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { HeldOutTask } from '../../server/protocol/heldOut.ts';
import type { PythonSandbox } from '../../server/protocol/sandbox.ts';
import { openSandbox } from '../../server/src/sandbox/openSandbox.ts';
import { codeio } from '../../server/src/suites/codeio.ts';
import type { Suite } from '../../server/src/suites/suite.ts';
import { suiteNamed } from '../../server/src/suites/suiteTable.ts';
import { block, judged, loadLines } from './suiteFixture.ts';

let sandbox: PythonSandbox;
beforeAll(async () => {
  sandbox = await openSandbox('wasm', { workers: 2 });
});
afterAll(async () => {
  await sandbox.close();
});

const SECRET = '    return {"sum": a + b, "word": "hidden-" + str(a * b)}';

/** A program whose output nobody guesses, as a line of each suite's data. */
const LINES: Readonly<Record<string, object>> = {
  codeio: {
    ...{ task_description: 'Adds.', difficulty: null, unique_inputs: 3 },
    code_sample: `def main_solution(a, b):\n${SECRET}`,
    input_generator:
      'def generate_inputs(rng: Random) -> dict:\n    return {"a": rng.randint(1, 9), "b": 4}',
  },
  cruxeval: {
    ...{ id: 'sample_0', code: `def f(a, b):\n${SECRET}` },
    ...{ input: '7, b=4', output: "{'sum': 11, 'word': 'hidden-28'}" },
  },
};

describe.each(Object.keys(LINES))('%s', (name) => {
  let suite: Suite;
  let output: HeldOutTask;
  let input: HeldOutTask;
  beforeAll(async () => {
    suite = suiteNamed(name);
    const { items, leftOut } = await loadLines(suite, sandbox, [LINES[name]!]);
    expect(leftOut).toEqual([]);
    expect(items.map(({ task }) => task.stratum)).toEqual(['output', 'input']);
    [output, input] = [items[0]!.task, items[1]!.task];
  });

  test('the pair that was executed is right in both directions', async () => {
    const [{ input: given, output: gold }] = output.examples as [{ input: string; output: string }];
    expect(gold).toMatch(/^\{'sum': \d+, 'word': 'hidden-\d+'\}$/);
    const right = await judged({ sandbox, suite }, output, `Answer: ${gold}`);
    expect(right?.verdict).toBe('correct');
    const found = await judged({ sandbox, suite }, input, `Answer: f(${given})`);
    expect(found?.verdict).toBe('correct');
  });

  test.each(['chat', 'base'])('the form %s does not tell what is asked for', (form) => {
    const template = suite.templates.find((one) => one.name === form)!;
    expect(JSON.stringify(template.ask(output))).not.toMatch(/hidden-\d/);
    expect(JSON.stringify(template.ask(input))).not.toContain(output.examples[0]!.input);
  });

  test.each([
    ['it calls the program', 'f(7, b=4)'],
    ['it exits early', '__import__("os")._exit(0)'],
    ['it prints the expected text', "print({'sum': 11, 'word': 'hidden-28'})"],
    ['it is an object equal to everything', 'type("A", (), {"__eq__": lambda s, o: True})()'],
    [
      'it patches the assertion',
      'setattr(__import__("builtins"), "AssertionError", BaseException)',
    ],
    ['it redefines the checker', '(f := lambda *a: True)'],
    ['it reads the test', 'open("/proc/self/cmdline").read()'],
    ['it searches the frames', '__import__("sys")._getframe(1).f_locals'],
    ['it is everything at once', "{'sum': 11} or {'word': 'hidden-28'}"],
  ])('an answer that wants to cheat is wrong: %s', async (_, cheat) => {
    for (const task of [output, input]) {
      for (const completion of [`Answer: ${cheat}`, block(cheat)]) {
        // The call itself is how an input may be stated.
        if (task === input && cheat.startsWith('f(')) continue;
        const verification = await judged({ sandbox, suite }, task, completion);
        expect(verification?.verdict).not.toBe('correct');
        expect(verification?.executions ?? []).toEqual([]);
      }
    }
  });

  test('an input that never ends, or exits, is wrong, and the next is judged', async () => {
    const endless = { ...input, program: 'def f(a, b=4):\n    while a: pass\n    return b' };
    const wrong = await judged({ sandbox, suite }, endless, 'Answer: 1, 2');
    expect(wrong).toMatchObject({ verdict: 'wrong', reason: 'timeout' });
    const exits = { ...input, program: 'import os\ndef f(a, b=4):\n    os._exit(0)' };
    expect((await judged({ sandbox, suite }, exits, 'Answer: 1'))?.verdict).toBe('wrong');
    const right = await judged({ sandbox, suite }, input, `Answer: ${input.examples[0]!.input}`);
    expect(right?.verdict).toBe('correct');
  });
});

describe('codeio', () => {
  const generator = 'def generate_inputs(rng):\n    return {"a": rng.randint(1, 9)}';
  const line = (code: string, drawn = generator) => ({
    ...{ code_sample: code, input_generator: drawn },
  });
  const identity = 'def main_solution(a):\n    return a';

  test('draws the input of a program from its number, and executes it', async () => {
    const { items } = await loadLines(codeio, sandbox, [line(identity), line(identity)]);
    // random.Random(0).randint(1, 9) and random.Random(1).randint(1, 9) of CPython.
    expect(items.map(({ id, task }) => [id, task.examples[0]])).toEqual([
      ['codeio/0 output', { input: 'a=7', output: '7' }],
      ['codeio/0 input', { input: 'a=7', output: '7' }],
      ['codeio/1 output', { input: 'a=3', output: '3' }],
      ['codeio/1 input', { input: 'a=3', output: '3' }],
    ]);
  });

  test('draws with what the program imports', async () => {
    const drawn = 'def generate_inputs(rng):\n    return {"a": rng.choice(string.digits)}';
    const { items } = await loadLines(codeio, sandbox, [line(`import string\n${identity}`, drawn)]);
    // random.Random(0).choice('0123456789') of CPython.
    expect(items[0]?.task.examples).toEqual([{ input: "a='6'", output: "'6'" }]);
    expect(items[0]?.task.program).not.toContain('string');
  });

  test('takes out an import that a program does not use', async () => {
    const code = `# All packages, random too\nimport numpy as np\nimport random\nimport math\n\ndef main_solution(a):\n    return math.floor(a)`;
    const { items } = await loadLines(codeio, sandbox, [line(code)]);
    expect(items[0]?.task.program).not.toMatch(/import (?:numpy|random)/);
    expect(items[0]?.task.program).toContain('import math\n');
    expect(items[0]?.task.examples).toEqual([{ input: 'a=7', output: '7' }]);
  });

  test.each([
    ['it never ends', line('def main_solution(a):\n    while True: pass'), 'does not run here'],
    [
      'its generator never ends',
      line(identity, 'def generate_inputs(rng):\n    while True: pass'),
      'No input can be drawn',
    ],
    [
      'it is of chance',
      line('def main_solution(a):\n    return id(object())'),
      'Two executions of the program give different values',
    ],
    [
      'it needs a module',
      line('import numpy as np\ndef main_solution(a):\n    return int(np.sin(a))'),
      "No module named 'numpy'",
    ],
    [
      'it is of chance by a module',
      line('import random\ndef main_solution(a):\n    return random.random() < 2'),
      "named 'random'",
    ],
    ['it raises', line('def main_solution(a):\n    return a / 0'), 'ZeroDivisionError'],
    ['it exits', line('import os\ndef main_solution(a):\n    os._exit(0)'), 'does not run here'],
    ['it has no entry', line('def other(a): pass'), 'main_solution'],
    [
      'its input has no literal',
      line(identity, 'def generate_inputs(rng):\n    return {"a": rng.choice}'),
      'has no literal',
    ],
    ['it gives many decimals', line('def main_solution(a):\n    return {"x": a / 7}'), 'decimals'],
    ['it gives too much', line('def main_solution(a):\n    return [a] * 900'), 'longer than 1000'],
    ['it is too long', line(`${identity}\n# ${'x'.repeat(3_000)}`), 'longer than 3000'],
  ])('a program is left out where %s', async (_, given, reason) => {
    const { items, leftOut } = await loadLines(codeio, sandbox, [line(identity), given]);
    expect(items.map(({ id }) => id)).toEqual(['codeio/0 output', 'codeio/0 input']);
    expect(leftOut).toEqual([
      { id: 'codeio/1', reason: expect.stringContaining(reason) as string },
    ]);
  });

  test('a line of another form is refused by its number', async () => {
    const lines = [line(identity), { code_sample: identity }];
    await expect(loadLines(codeio, sandbox, lines)).rejects.toMatchObject({
      code: 'invalid-suite-data',
      message: expect.stringContaining(
        "line 2: it must have required property 'input_generator'",
      ) as unknown,
    });
  });
});
