import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { azr, jsonLines, startAzr } from './azr.ts';

let folder: string;
let program: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-cli-'));
  program = path.join(folder, 'program.py');
  writeFileSync(program, 'def f(a):\n    print("hi")\n    return a + a\n');
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Answers of `azr <command>` to these requests, which may also be raw lines. */
async function answersOf(command: string, requests: readonly (object | string)[]) {
  const lines = requests.map((request) =>
    typeof request === 'string' ? request : JSON.stringify(request),
  );
  const { code, stdout, stderr } = await azr([command, '--json'], { input: lines.join('\n') });
  expect(stderr).toBe('');
  return { code, answers: jsonLines(stdout) };
}

describe('azr exec', () => {
  test('answers every line in order, whatever it says', async () => {
    const { code, answers } = await answersOf('exec', [
      { program: 'def f(a):\n  while True: pass', input: '1' },
      { program: 'def f(a, b): return [b, a]', input: "[1, 2], 'x'" },
      'no JSON',
      '',
      { program: 'def f(a): return 1 / 0', input: '1' },
      { program: 'def f(a): return', input: '' },
      { program: 'def f(a', input: '1' },
      { program: 'def f(a): return a', input: 'open("/etc/passwd")' },
      { program: 'def f(a): return lambda: 1', input: '1' },
      { program: 1, input: '1' },
      { program: 'def f(): return 1' },
      '[1]',
      'null',
    ]);
    expect(code).toBe(2);
    const outcomes = answers.map(
      ({ outcome, error }) => outcome ?? (error as { code: string }).code,
    );
    expect(outcomes).toEqual([
      ...['timeout', 'ok', 'bad-json', 'error', 'error', 'syntax', 'bad-input', 'unserialisable'],
      ...['bad-request', 'bad-request', 'bad-request', 'bad-request'],
    ]);
    expect(answers[1]).toMatchObject({ output: "['x', [1, 2]]", stdout: '' });
    expect(answers[1]!['durationMs']).toBeGreaterThan(0);
    expect(answers[2]).toMatchObject({ error: { line: 3 } });
    expect(answers[3]).toMatchObject({ exceptionType: 'ZeroDivisionError', line: 1 });
  });

  test('all good lines end with 0', async () => {
    const requests = Array.from({ length: 200 }, (_, index) => ({
      program: 'def f(a): return a * a',
      input: String(index),
    }));
    const { code, answers } = await answersOf('exec', requests);
    expect(code).toBe(0);
    expect(answers.map(({ output }) => output)).toEqual(
      requests.map((_, index) => String(index ** 2)),
    );
  });

  test('piped programs share the workers, as those of azr validate do', async () => {
    const requests = Array.from({ length: 60 }, (_, index) => ({
      mode: 'deduction',
      program: `def f(a): return a * ${String(index)}`,
      input: '7',
    }));
    const took = async (command: string) => {
      const started = performance.now();
      expect((await answersOf(command, requests)).answers).toHaveLength(requests.length);
      return performance.now() - started;
    };
    // A program is executed once, and to be validated three times.
    expect(await took('exec')).toBeLessThan(2 * (await took('validate')));
  });

  test('answers a line while the next one is still to come', async () => {
    const child = startAzr(['exec', '--json']);
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    for (const input of ['1', '2']) {
      child.stdin.write(`${JSON.stringify({ program: 'def f(a): return a', input })}\n`);
      const line = await lines.next();
      expect(JSON.parse(line.value as string)).toMatchObject({ output: input });
    }
    child.stdin.end();
    expect((await lines.next()).done).toBe(true);
  });

  test('a reader that leaves ends it quietly', async () => {
    const child = startAzr(['exec']);
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.stdin.on('error', () => undefined);
    const request = `${JSON.stringify({ program: 'def f(a): return a', input: '1' })}\n`;
    child.stdin.write(request.repeat(50));
    child.stdout.once('data', () => child.stdout.destroy());
    const keepWriting = setInterval(() => child.stdin.write(request), 10);
    const code = await new Promise((resolve) => child.once('exit', resolve));
    clearInterval(keepWriting);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  test('runs a single program from options', async () => {
    const good = await azr(['exec', '--program', program, '--input', '[1]']);
    expect(good.stdout).toMatch(/^hi\n\[1, 1\]\nok after [\d.]+ ms\n$/);
    expect(good.code).toBe(0);
    const wrong = await azr(['exec', '--program', program, '--input', '', '--json']);
    expect(jsonLines(wrong.stdout)).toEqual([expect.objectContaining({ outcome: 'error' })]);
    expect(wrong.code).toBe(1);
  });

  test('a program in another encoding is refused, not read with other characters', async () => {
    const file = path.join(folder, 'latin.py');
    writeFileSync(file, Buffer.from('def f(a):\n    return "é"\n', 'latin1'));
    const { code, stderr, stdout } = await azr(['exec', '--program', file, '--input', '1']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('latin.py is not UTF-8: byte 0xE9 in line 2');
    const line = Buffer.from('{"program": "def f(a): return \'é\'", "input": "1"}\n', 'latin1');
    const piped = await azr(['exec'], { input: Buffer.concat([line, line]) });
    expect(piped.code).toBe(2);
    expect(jsonLines(piped.stdout)).toEqual(
      [1, 2].map((number) => ({
        error: expect.objectContaining({ code: 'not-utf-8', line: number }) as object,
      })),
    );
  });

  test('a byte-order mark is no part of a program, nor of a request', async () => {
    const file = path.join(folder, 'mark.py');
    writeFileSync(file, '\ufeffdef f(a):\n    return a\n');
    expect((await azr(['exec', '--program', file, '--input', '1'])).code).toBe(0);
    const input = '\ufeff{"program": "def f(a): return a", "input": "1"}\n';
    expect(jsonLines((await azr(['exec'], { input })).stdout)).toMatchObject([{ output: '1' }]);
  });

  test('limits come from the settings', async () => {
    const { stdout } = await azr(['exec', '--json', '--set', 'outputCharacters=5'], {
      input: JSON.stringify({ program: 'def f(a): return "x" * 10', input: '1' }),
    });
    expect(jsonLines(stdout)).toEqual([expect.objectContaining({ outcome: 'too-large' })]);
  });
});

describe('azr validate', () => {
  test('gives gold values or a reason', async () => {
    const { code, answers } = await answersOf('validate', [
      { mode: 'deduction', program: 'def f(a): return a[::-1]', input: "'ab'" },
      {
        ...{ mode: 'induction', program: 'def f(a): return a * 2', message: 'doubles' },
        inputs: ['1', '2', '3', '4'],
      },
      { mode: 'abduction', program: 'def f(a): return hash(a)', input: "'ab'" },
      { mode: 'abduction', program: 'import os\ndef f(a): return a', input: '1' },
      { mode: 'guessing', program: 'def f(a): return a', input: '1' },
      { mode: 'induction', program: 'def f(a): return a', input: '1', message: '' },
    ]);
    expect(code).toBe(2);
    expect(answers[0]).toMatchObject({ valid: true, output: "'ba'" });
    expect(answers[1]).toMatchObject({
      valid: true,
      examples: [
        { input: '1', output: '2' },
        { input: '2', output: '4' },
        { input: '3', output: '6' },
        { input: '4', output: '8' },
      ],
    });
    expect(answers[2]).toMatchObject({ valid: false, reason: 'non-deterministic' });
    expect(answers[3]).toMatchObject({ valid: false, reason: 'forbidden-import' });
    expect(answers[4]).toMatchObject({
      error: { message: expect.stringContaining('"mode"') as string },
    });
    expect(answers[5]).toMatchObject({ error: { message: '"inputs" is missing.' } });
  });

  test('tells a person', async () => {
    const valid = await azr(['validate', '--program', program, '--input', '[1]']);
    expect(valid).toMatchObject({ code: 0, stdout: 'valid\nf([1]) = [1, 1]\n' });
    const invalid = await azr(['validate', '--program', program, '--input', '1, 2']);
    expect(invalid.code).toBe(1);
    expect(invalid.stdout).toMatch(/^invalid, error/);
  });
});

describe('azr verify', () => {
  test('judges each mode, and never evaluates an answer', async () => {
    const hidden = [
      { input: '2', output: '4' },
      { input: '3', output: '6' },
    ];
    const { code, answers } = await answersOf('verify', [
      { mode: 'deduction', output: '[1,2]', answer: '[1, 2]' },
      { mode: 'deduction', output: '1', answer: 'True' },
      { mode: 'deduction', output: '1', answer: '2-1' },
      { mode: 'deduction', program: 'def f(a): return a + a', input: '3', answer: '6' },
      { mode: 'abduction', program: 'def f(a): return a + a', output: '4', answer: '2' },
      { mode: 'abduction', program: 'def f(a): return a + a', output: '4', answer: '1) or (True' },
      { mode: 'induction', hidden, answer: 'def f(a): return a * 2' },
      { mode: 'induction', hidden, answer: 'def f(a): return a + 2' },
      { mode: 'deduction', output: 'x + 1', answer: '2' },
      { mode: 'deduction', answer: '2' },
      { mode: 'induction', answer: 'def f(a): return a' },
      { mode: 'deduction', output: '1' },
    ]);
    expect(code).toBe(2);
    expect(answers.slice(0, 8).map(({ verdict }) => verdict)).toEqual([
      ...['correct', 'wrong', 'malformed', 'correct', 'correct', 'malformed', 'correct', 'wrong'],
    ]);
    for (const answer of answers.slice(8)) {
      expect(answer).toMatchObject({ error: { code: 'bad-request' } });
    }
  });

  test('a wrong answer is a failure for scripts', async () => {
    const arguments_ = ['verify', '--mode', 'deduction', '--output', '1', '--answer'];
    expect((await azr([...arguments_, '1'])).code).toBe(0);
    expect((await azr([...arguments_, '2'])).code).toBe(1);
  });
});
