/**
 * Grading, by the defects of the reference implementation that a grader must not have, and by every
 * reason it can give.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GraderRules, Validation } from '../../server/protocol/sandbox.ts';
import { createGrader } from '../../server/src/grading/grader.ts';
import { availableEngines, type TestedSandbox } from '../sandbox/engines.ts';

const RULES: GraderRules = {
  allowedImports: ['math', 'collections', 're', 'os', 'time'],
  bannedWords: ['logging', 'sys.exit'],
  programCharacters: 2_000,
  minimumInductionInputs: 3,
  singleFunction: false,
};
const DOUBLE = 'def f(x):\n    return x * 2';

const { available, missing } = await availableEngines();
for (const { name, reason } of missing) test.skip(`${name}: not tried, because ${reason}`);

describe.each(available)('$name', (engine) => {
  let sandbox: TestedSandbox;
  beforeAll(async () => {
    sandbox = await engine.open({ limits: { cpuMs: 500, wallMs: 2_000 } });
  });
  afterAll(async () => {
    await sandbox.close();
  });

  function grader(rules: Partial<GraderRules> = {}): ReturnType<typeof createGrader> {
    return createGrader(sandbox, { ...RULES, ...rules });
  }

  function validate(
    program: string,
    input = '1',
    rules: Partial<GraderRules> = {},
  ): Promise<Validation> {
    return grader(rules).validate({ mode: 'deduction', program, input });
  }

  function validateInputs(
    program: string,
    inputs: string[],
    message = 'hint',
  ): Promise<Validation> {
    return grader().validate({ mode: 'induction', program, inputs, message });
  }

  test('an accepted task says what its program is built from', async () => {
    const constructs = ['operator:multiply', 'statement:return-only'];
    expect(await validate(DOUBLE)).toMatchObject({ valid: true, constructs });
    expect(await validateInputs(DOUBLE, ['1', '2', '3'])).toMatchObject({
      valid: true,
      constructs,
    });
  });

  describe('defects of the reference', () => {
    test('1: an answer is never evaluated', () => {
      for (const answer of [
        'eval(gold_output)',
        'gold_output',
        '__import__("os").getcwd()',
        '3 if 1 else 4',
      ]) {
        expect(grader().verifyDeduction({ output: '3' }, answer)).toMatchObject({
          verdict: 'malformed',
          reason: 'not-a-literal',
        });
      }
    });

    test('2: an abduction answer cannot break out of the call', async () => {
      for (const answer of ['1) or (True', '1)\nreturn True #', '*[2]', 'f(2)', 'x := 2']) {
        expect(
          await grader().verifyAbduction({ program: DOUBLE, output: '4' }, answer),
        ).toMatchObject({
          verdict: 'malformed',
          reason: 'not-a-literal',
        });
      }
    });

    test('3: an object that claims to equal everything equals nothing', async () => {
      const always =
        'class A:\n    def __eq__(self, other): return True\n    def __repr__(self): return "2"\ndef f(x):\n    return A()';
      const hidden = [{ input: '1', output: '2' }];
      expect(await grader().verifyInduction({ hidden }, always)).toMatchObject({
        verdict: 'wrong',
        reason: 'unserialisable',
      });
      expect(await grader().verifyAbduction({ program: always, output: '2' }, '1')).toMatchObject({
        verdict: 'wrong',
      });
    });

    test("4: inf is a value, '2-1' is not 1, and a deque is refused before it becomes a task", async () => {
      expect(grader().verifyDeduction({ output: 'inf' }, "float('inf')").verdict).toBe('correct');
      expect(grader().verifyDeduction({ output: "'1'" }, "'2-1'").verdict).toBe('wrong');
      expect(grader().verifyDeduction({ output: '1' }, '2-1').verdict).toBe('malformed');
      const deque = 'from collections import deque\ndef f(x):\n    return deque([x])';
      expect(await validate(deque)).toMatchObject({ valid: false, reason: 'unserialisable' });
    });

    test('5: a long gold value is kept whole or refused, never cut', async () => {
      const repeat = 'def f(x):\n    return "ab" * x';
      const kept = await validate(repeat, '2_000');
      expect(kept).toMatchObject({ valid: true });
      const output = kept.valid ? kept.examples[0]!.output : '';
      expect(output).toBe(`'${'ab'.repeat(2_000)}'`);
      expect(grader().verifyDeduction({ output }, output).verdict).toBe('correct');
      expect(await validate(repeat, '10_000')).toMatchObject({ valid: false, reason: 'too-large' });
    });

    test('6: what gets past the list of words does not get past the jail', async () => {
      const inspect = 'def f(x):\n    return os.getcwd()';
      expect(await validate(`import os\n${inspect}`)).toMatchObject({ reason: 'forbidden' });
      for (const body of [
        'open("/etc/passwd").read()',
        '__import__("subprocess").run("id")',
        '__import__("random").random()',
      ]) {
        expect(await validate(`def f(x):\n    return ${body}`)).toMatchObject({
          valid: false,
          reason: 'forbidden',
          line: 2,
        });
      }
      expect(
        await validate('import os.path as p\ndef f(x): return x', '1', { allowedImports: [] }),
      ).toMatchObject({ reason: 'forbidden-import', line: 1 });
      expect(
        await validate('def f(x):\n    from os import path\n    return x', '1', {
          allowedImports: ['math'],
        }),
      ).toMatchObject({ reason: 'forbidden-import', line: 2 });
    });

    test.each([
      ['hash of a string', 'hash("abc" + str(x))'],
      ['order of a set', '"".join({"alpha", "beta", "gamma", "delta", str(x)})'],
      ['identity', 'id(object())'],
      ['default representation', 'str(object())'],
      ['clock', '__import__("time").time_ns()'],
    ])('7: %s does not pass for deterministic', async (_, expression) => {
      expect(await validate(`def f(x):\n    return ${expression}`)).toMatchObject({
        valid: false,
        reason: 'non-deterministic',
      });
    });

    test('7: a set is a value, whatever order it is walked in', async () => {
      expect(await validate('def f(x):\n    return {x: set("abcdef")}')).toMatchObject({
        valid: true,
        examples: [{ input: '1', output: "{1: {'a', 'b', 'c', 'd', 'e', 'f'}}" }],
      });
    });
  });

  describe('a proposal', () => {
    test('becomes a task with canonical input and output', async () => {
      const validation = await validate(
        'def f(x, y=None):\n    return {"b": y, "a": x}',
        "[1,2,], y = 'z'",
      );
      expect(validation).toMatchObject({
        valid: true,
        examples: [{ input: "[1, 2], y='z'", output: "{'a': [1, 2], 'b': 'z'}" }],
      });
      expect(validation.executions).toHaveLength(2);
    });

    test.each([
      ['syntax', 'def f(x)\n    return x'],
      ['no-entry-function', 'f = 3'],
      ['no-parameter', 'def f():\n    return 1'],
      ['no-parameter', 'f = lambda: 1'],
      ['program-too-large', `def f(x): return "${'y'.repeat(2_000)}"`],
      ['forbidden-import', 'import numpy\ndef f(x): return x'],
      ['banned-word', 'def f(x):\n    # logging\n    return x'],
      ['error', 'def f(x):\n    return x[0]'],
      ['timeout', 'def f(x):\n    while True: pass'],
      ['memory', 'def f(x):\n    return [0] * 10 ** 11'],
      ['unserialisable', 'def f(x):\n    return f'],
      ['crashed', 'import os\ndef f(x):\n    os._exit(0)'],
      ['forged', 'import os\ndef f(x):\n    os.write(3, b"{}")\n    return 1'],
    ])('is rejected for %s', async (reason, program) => {
      expect(await validate(program)).toMatchObject({ valid: false, reason });
    });

    test.each([
      ['a lambda', 'f = lambda x: x * 2', '3', '6'],
      ['a lambda with an annotation', 'f: "doubles" = lambda x: x * 2', '3', '6'],
      ['a lambda of another name', 'g = lambda x: x * 2', '3', '6'],
      ['a function before a lambda', 'g = lambda x: x\ndef h(x):\n    return x * 2', '3', '6'],
      ['another name for a function', 'def g(x):\n    return x * 2\nf = g', '3', '6'],
      ['a function of a module', 'import math\nf = math.gcd', '12, 18', '6'],
      ['any number of arguments', 'def f(*numbers):\n    return sum(numbers)', '1, 2, 3', '6'],
      ['any named arguments', 'def f(**named):\n    return len(named)', 'a=1, b=2', '2'],
    ])('may be %s', async (_, program, input, output) => {
      expect(await validate(program, input)).toMatchObject({ valid: true, examples: [{ output }] });
    });

    test('is rejected for an input that is no list of literals, without being run', async () => {
      const validation = await validate(DOUBLE, 'range(3)');
      expect(validation).toMatchObject({ reason: 'bad-input', executions: [] });
    });

    test('names the line of the word, the import or the error that rejected it', async () => {
      expect(await validate('def f(x):\n    sys.exit')).toMatchObject({
        reason: 'banned-word',
        line: 2,
      });
      expect(await validate('def f(x):\n    y = x\n    return y.z')).toMatchObject({ line: 3 });
      // Part of a longer name is not the word.
      expect(await validate('def f(x):\n    sys_exit = loggings = x\n    return x')).toMatchObject({
        valid: true,
      });
    });

    test('may have only one function where the rules say so', async () => {
      const two = 'def g(x):\n    return x\ndef f(x):\n    return g(x)';
      expect(await validate(two)).toMatchObject({ valid: true });
      expect(await validate(two, '1', { singleFunction: true })).toMatchObject({
        reason: 'format',
      });
    });
  });

  describe('an induction proposal', () => {
    test('keeps the inputs that are literals, distinct and run well', async () => {
      const validation = await validateInputs('def f(x):\n    return 6 / x', [
        '1',
        '0',
        '2',
        '02',
        'z',
        '1',
        ' 3 ',
      ]);
      expect(validation).toMatchObject({
        valid: true,
        examples: [
          { input: '1', output: '6.0' },
          { input: '2', output: '3.0' },
          { input: '3', output: '2.0' },
        ],
      });
    });

    test.each([
      ['no-message', ['1', '2', '3'], '  '],
      ['too-few-inputs', ['1', '2', 'z'], 'hint'],
      ['duplicate-inputs', ['{1, 2}', '{2, 1}', '{1,2}'], 'hint'],
      ['too-few-inputs', ['1', '2', "'a'"], 'hint'],
      ['error', ["'a'", "'b'", "'c'"], 'hint'],
    ])('is rejected for %s', async (reason, inputs, message) => {
      const validation = await validateInputs('def f(x):\n    return x / 2', inputs, message);
      expect(validation).toMatchObject({ valid: false, reason });
    });

    test('that remembers earlier calls contradicts itself', async () => {
      const remembering =
        'import collections\ndef f(x):\n    collections.last = getattr(collections, "last", 0) + x\n    return collections.last';
      expect(await validateInputs(remembering, ['1', '2', '3'])).toMatchObject({
        reason: 'non-deterministic',
      });
    });
  });

  describe('an answer', () => {
    test('to a deduction task is compared as a typed value', () => {
      const cases: [string, string, string][] = [
        ['[1, 2]', ' [1,2]\n', 'correct'],
        ["{'a': 1, 'b': {2, 3}}", "{'b': {3, 2}, 'a': 1}", 'correct'],
        ['1', '1.0', 'wrong'],
        ['1', 'True', 'wrong'],
        ['nan', 'nan', 'correct'],
        ['[1, 2]', '(1, 2)', 'wrong'],
        ["'a'", 'a', 'malformed'],
        ["'a'", '', 'malformed'],
      ];
      for (const [output, answer, verdict] of cases) {
        expect(grader().verifyDeduction({ output }, answer).verdict, `${output} ${answer}`).toBe(
          verdict,
        );
      }
    });

    test('to an abduction task is right when the program gives the output, whatever the input', async () => {
      const task = { program: 'def f(x, y=1):\n    return abs(x) * y', output: '6' };
      const verdicts = await Promise.all(
        ['6', '-6', '3, 2', '3, y=2', '-2, y=3', '5', "'a'", '(6,)', '1, 2, 3'].map((answer) =>
          grader().verifyAbduction(task, answer),
        ),
      );
      expect(verdicts.map(({ reason }) => reason)).toEqual([
        ...Array.from({ length: 5 }, () => 'equal'),
        'different-output',
        'error',
        'error',
        'error',
      ]);
    });

    test('to an induction task must give every hidden output', async () => {
      const hidden = ['1', '2', '5'].map((input) => ({ input, output: String(Number(input) * 2) }));
      const cases: [string, string, string][] = [
        [DOUBLE, 'correct', 'equal'],
        ['def double(n):\n    return n + n', 'correct', 'equal'],
        ['f = lambda x: x * 2', 'correct', 'equal'],
        ['double = lambda n: n + n', 'correct', 'equal'],
        ['def f(*numbers):\n    return numbers[0] * 2', 'correct', 'equal'],
        ['f = 2', 'malformed', 'no-entry-function'],
        ['def f(x):\n    return 2 if x == 1 else 4', 'wrong', 'hidden-example-failed'],
        ['def f(x):\n    return x * 2.0', 'wrong', 'hidden-example-failed'],
        ['def f(x):\n    return {1: 2}[x]', 'wrong', 'error'],
        ['def f(x):\n    while True: pass', 'wrong', 'timeout'],
        ['import numpy\n' + DOUBLE, 'wrong', 'forbidden-import'],
        ['def f(x)', 'malformed', 'syntax'],
        ['return x * 2', 'malformed', 'syntax'],
        ['x * 2', 'malformed', 'no-entry-function'],
        ['def f():\n    return 2', 'wrong', 'error'],
      ];
      for (const [answer, verdict, reason] of cases) {
        const verification = await grader().verifyInduction({ hidden }, answer);
        expect([verification.verdict, verification.reason], answer).toEqual([verdict, reason]);
      }
    });

    test('that is right under one hash seed only is not right', async () => {
      // Finds an expression that tells the two seeds apart, then answers rightly under the first only.
      const order = '[*{"a", "b", "c", "d", "e", "seed"}]';
      const probe = `def f(x):\n    return ${order}`;
      const { output } = await sandbox.run(probe, '0', { variant: 0 });
      const answer = `def f(x):\n    return x * 2 if ${order} == ${output} else 0`;
      const hidden = [{ input: '1', output: '2' }];
      expect(await grader().verifyInduction({ hidden }, answer)).toMatchObject({
        verdict: 'wrong',
        reason: 'non-deterministic',
      });
    });

    test('cannot find the hidden outputs in its process', async () => {
      // The control: the input, which the process must know, is found where the output is not.
      const search = `
import sys
def f(x):
    seen = []
    frame = sys._getframe().f_back
    while frame:
        seen.append(repr(frame.f_locals))
        frame = frame.f_back
    text = "".join(seen)
    return ("hidden-output" + "-token") in text, ("known-input" + "-token") in text
`;
      const hidden = [{ input: "'known-input-token'", output: "'hidden-output-token'" }];
      const verification = await grader({ allowedImports: ['sys'] }).verifyInduction(
        { hidden },
        search,
      );
      expect(verification.executions[0]).toMatchObject({ outcome: 'ok', output: '(False, True)' });
    });
  });

  test('verification is cancelled with its signal', async () => {
    const controller = new AbortController();
    const slow = {
      program: 'import time\ndef f(x):\n    time.sleep(1.5)\n    return x',
      output: '1',
    };
    const verification = grader().verifyAbduction(slow, '1', controller.signal);
    controller.abort(new Error('cancelled'));
    await expect(verification).rejects.toThrow('cancelled');
  });

  describe('further inputs', () => {
    const execute = (program: string, ...inputs: string[]) =>
      grader().executeInputs(program, inputs);

    test('are executed as those of a proposal, each once, in one spelling', async () => {
      expect(await execute(DOUBLE, '3', '[ 1,2 ]', '[1, 2]')).toEqual([
        { input: '3', output: '6' },
        { input: '[1, 2]', output: '[1, 2, 1, 2]' },
      ]);
    });

    test('that fail or are no literals are left out, and whatever comes after one that hangs', async () => {
      const program = 'def f(x):\n    while x == 1:\n        pass\n    return 6 // x';
      expect(await execute(program, '0', 'open(2)', "'a'", '3', '1', '2')).toEqual([
        { input: '3', output: '2' },
      ]);
      expect(await execute(program, '0')).toEqual([]);
      expect(await execute(program)).toEqual([]);
    });

    test('of a program whose runs differ are none', async () => {
      const program = "def f(x):\n    return hash('a') % x";
      expect(await execute(program, '1000003', '7')).toEqual([]);
    });
  });
});
