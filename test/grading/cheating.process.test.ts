/** Whoever is paid for passing will cheat: nothing here may be judged correct, or become a task. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Grader } from '../../server/protocol/sandbox.ts';
import { createGrader } from '../../server/src/grading/grader.ts';
import { CHEATS, DEPENDENT, HIDDEN, NOT_DETERMINISTIC, VISIBLE } from './cheatingPrograms.ts';
import { availableEngines, type TestedSandbox } from '../sandbox/engines.ts';
import { openGate } from '../sandbox/openGate.ts';

const OPEN_GATE = openGate([
  ...['builtins', 'collections', 'gc', 'math', 'operator', 'os', 're', 'sys', 'time', 'typing'],
  'unittest',
]);

const { available, missing } = await availableEngines();
for (const { name, reason } of missing) test.skip(`${name}: not tried, because ${reason}`);

describe.each(available)('$name', (engine) => {
  let sandbox: TestedSandbox;
  let grader: Grader;
  beforeAll(async () => {
    sandbox = await engine.open({ workers: 2, limits: { cpuMs: 1_500, wallMs: 6_000 } });
    grader = createGrader(sandbox, OPEN_GATE);
  });
  afterAll(async () => {
    await sandbox.close();
  });

  test('the task that the cheats are given can be solved by whoever knows it', async () => {
    const rows = HIDDEN.map(({ input, output }) => `${input}: ${output}`).join(', ');
    const solution = `def f(x): return {${rows}}[x]`;
    const verification = await grader.verifyInduction({ hidden: HIDDEN }, solution);
    expect(verification).toMatchObject({ verdict: 'correct', reason: 'equal' });
  });

  test.each(Object.entries(CHEATS))('%s solves nothing', async (_, program) => {
    const verification = await grader.verifyInduction({ hidden: HIDDEN }, program);
    expect(verification.verdict, JSON.stringify(verification)).not.toBe('correct');
    // The hidden outputs were in no process that ran the program.
    const seen = JSON.stringify(
      verification.executions.map(({ output, stdout }) => [output, stdout]),
    );
    if (!program.includes('hidden-3-c2aa17')) {
      for (const { output } of HIDDEN) expect(seen).not.toContain(output.slice(1, -1));
    }
    // As the program of an abduction task that somehow came to be, it solves nothing either.
    const abduction = await grader.verifyAbduction({ program, output: "'hidden-4-0d51e9'" }, '3');
    expect(abduction.verdict, JSON.stringify(abduction)).not.toBe('correct');
  });

  test('a table of the visible examples is right on those, and only on those', async () => {
    const program = CHEATS['a table of the visible examples']!;
    expect(await grader.verifyInduction({ hidden: VISIBLE }, program)).toMatchObject({
      verdict: 'correct',
    });
    expect(await grader.verifyInduction({ hidden: HIDDEN }, program)).toMatchObject({
      verdict: 'wrong',
      reason: 'hidden-example-failed',
    });
  });

  test.each(Object.entries(DEPENDENT))('a program that depends on %s', async (_, program) => {
    const hidden = [3, 4, 5].map((x) => ({ input: String(x), output: String(x * 2) }));
    // The control: in the order of the inputs it is right.
    const inOrder = await sandbox.runBatch(program, ['3', '4', '5']);
    expect(inOrder.map(({ output }) => output)).toEqual(['6', '8', '10']);
    expect(await grader.verifyInduction({ hidden }, program)).toMatchObject({
      verdict: 'wrong',
      reason: 'non-deterministic',
    });
  });

  test.each(Object.entries(NOT_DETERMINISTIC))(
    'a proposal whose value is %s becomes no task',
    async (_, expression) => {
      const program = `def f(x):\n    return ${expression}`;
      const validation = await grader.validate({ mode: 'deduction', program, input: '1' });
      expect(validation.valid, JSON.stringify(validation)).toBe(false);
    },
  );

  test.each([
    ...[
      '1) or (True',
      '1)\n    return 1 #',
      '*[3]',
      '**{"x": 3}',
      'x=3, x=3',
      '3, x=3',
      'f(3)',
      'x',
    ],
    ...[
      '(lambda: 3)()',
      '3 if 1 else 4',
      'x := 3',
      '[3][0]',
      "int('3')",
      '3; 4',
      '3)#',
      'print',
      '3 +',
    ],
    ...[
      "'\ud800'",
      "'\\ud800'",
      "'\0'",
      '['.repeat(100) + ']'.repeat(100),
      '9'.repeat(100_000),
      'self',
    ],
    ...[
      'gold_output',
      '__import__("os")',
      'f"{3}"',
      '3 4',
      '\\',
      '(',
      ')',
      'None=3',
      'lambda=3',
      'é=3',
    ],
  ])('the abduction answer %j is no way in', async (answer) => {
    const program = 'def f(x):\n    return x * 2';
    const verification = await grader.verifyAbduction({ program, output: '6' }, answer);
    expect(verification.verdict, JSON.stringify(verification)).not.toBe('correct');
    expect((await grader.verifyAbduction({ program, output: '6' }, 'x=3')).verdict).toBe('correct');
  });
});
