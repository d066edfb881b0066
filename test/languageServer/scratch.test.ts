import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { pythonFileText } from '../../server/src/languageServer/scratch/pythonFile.ts';
import { readScratch } from '../../server/src/languageServer/scratch/readScratch.ts';
import { ScratchFolder } from '../../server/src/languageServer/scratch/scratchFolder.ts';
import {
  type ScratchSource,
  scratchText,
} from '../../server/src/languageServer/scratch/scratchText.ts';

const SOURCE: ScratchSource = {
  original: 'azr:/run-1/task-17.py',
  mode: 'deduction',
  kind: 'task',
  title: 'Task 17',
  runName: 'run',
  program: 'def f(a):\n    return a + a',
  functionName: 'f',
  calls: [{ input: '[1, 2]', stored: '[1, 2, 1, 2]' }],
};
const ANSWER: ScratchSource = { ...SOURCE, kind: 'answer', answer: '[1, 2]' };

function codes(text: string): string[] {
  return readScratch(text).problems.map(({ code }) => code);
}

describe('a scratch file', () => {
  it('reads back what was written', () => {
    expect(readScratch(scratchText(ANSWER))).toEqual({
      original: SOURCE.original,
      program: SOURCE.program,
      programLine: 7,
      calls: [{ line: 12, end: 33, input: '[1, 2]' }],
      answer: '[1, 2]',
      answerLine: 16,
      problems: [],
    });
  });

  it('reads calls as people write them', () => {
    const calls = [
      'f(1, key="a)")  # stored: (2)',
      'result = f({1: [2]})',
      'f([1,',
      '   2])',
      'f("# no comment)")',
      'f()',
      '# f(7)',
    ].join('\n');
    const text = scratchText(SOURCE).replace(/^f\(.*$/m, calls);
    expect(readScratch(text).calls.map(({ input }) => input)).toEqual([
      "1, key='a)'",
      '{1: [2]}',
      '[1, 2]',
      "'# no comment)'",
      '',
    ]);
  });

  it('tells its own sections from those in a program', () => {
    const program = [
      'def f(a):',
      '    return """',
      '# Copy of: azr:/other/task-1.py',
      '# --- program ---',
      '# --- calls ---',
      'f(3)',
      '# --- answer ---',
      '7',
      '"""',
    ].join('\n');
    const scratch = readScratch(scratchText({ ...ANSWER, program }));
    expect(scratch).toMatchObject({ original: SOURCE.original, program, answer: '[1, 2]' });
    expect(scratch.calls.map(({ input }) => input)).toEqual(['[1, 2]']);
  });

  it.each([
    ['the program marker', '# --- program ---\n', 'missing-section'],
    ['the calls marker', '# --- calls ---\n', 'missing-section'],
    ['the original', '# Copy of: azr:/run-1/task-17.py\n', 'no-original'],
    ['the calls', 'f([1, 2])  # stored: [1, 2, 1, 2]\n', 'no-calls'],
    ['the program', SOURCE.program, 'no-program'],
  ])('says that %s is missing, and what belongs there', (_, removed, code) => {
    const text = scratchText(SOURCE);
    expect(text).toContain(removed);
    const { problems } = readScratch(text.replace(removed, ''));
    expect(problems.map((problem) => problem.code)).toContain(code);
    for (const { message, remedy } of problems) {
      expect(message).toMatch(/^[A-Z].*[.]$/);
      expect(remedy).toMatch(/^[A-Z].*[.]$/);
    }
  });

  it('says which call is none', () => {
    const text = scratchText(SOURCE).replace('f([1, 2])', 'f(x + 1)');
    expect(readScratch(text).problems).toMatchObject([{ line: 12, code: 'bad-call' }]);
    expect(
      codes(scratchText(SOURCE).replace('f([1, 2])', '__import__("os").system("ls")')),
    ).toEqual(['bad-call']);
  });

  it('holds nothing of a model outside its place', () => {
    const text = scratchText({
      ...ANSWER,
      program: 'def f(a):\r\n    return "\u202e"',
      calls: [{ input: '1)\nimport os\nf(2', stored: '1\nimport os' }],
      answer: '1\u2028import os',
    });
    expect(text).not.toMatch(/[^\P{C}\n]|[\p{Zl}\p{Zp}]/u);
    expect(text.split('\n').filter((line) => line.startsWith('import'))).toEqual([]);
  });

  it('is answered quickly however long and odd it is', () => {
    const text = scratchText(SOURCE).replace(/^f\(.*$/m, `f(${'(['.repeat(20_000)}\n`.repeat(50));
    const startMs = performance.now();
    readScratch(text);
    expect(performance.now() - startMs).toBeLessThan(5000);
  });
});

describe('the scratch folder', () => {
  let storage: string;
  beforeEach(() => {
    storage = mkdtempSync(path.join(tmpdir(), 'azr-scratch-'));
  });
  afterEach(() => {
    rmSync(storage, { recursive: true, force: true });
  });
  const address = { runId: 'run-1', kind: 'task', id: 17 } as const;

  it('names files after run and task', async () => {
    const file = await new ScratchFolder(storage).write(address, scratchText(SOURCE));
    expect(path.relative(storage, file)).toBe(path.join('scratch', 'run-1-task-17.azr.py'));
    expect(readFileSync(file, 'utf8')).toBe(scratchText(SOURCE));
  });

  it('never writes over an edited file', async () => {
    const folder = new ScratchFolder(storage);
    const file = await folder.write(address, scratchText(SOURCE));
    const edited = readFileSync(file, 'utf8').replace('a + a', 'a * 3');
    writeFileSync(file, edited);
    expect(await folder.write(address, scratchText(SOURCE))).toBe(file);
    expect(readFileSync(file, 'utf8')).toBe(edited);
  });

  it('keeps copies of different texts apart', async () => {
    const folder = new ScratchFolder(storage);
    const file = await folder.write(address, scratchText(SOURCE));
    const other = scratchText({ ...SOURCE, program: 'def f(a):\n    return a' });
    const second = await folder.write(address, other);
    expect(path.basename(second)).toBe('run-1-task-17-2.azr.py');
    expect(readFileSync(file, 'utf8')).toBe(scratchText(SOURCE));
  });

  it('says why it cannot write', async () => {
    writeFileSync(path.join(storage, 'scratch'), 'a file where the folder belongs');
    await expect(new ScratchFolder(storage).write(address, '')).rejects.toMatchObject({
      code: 'cannot-write',
      remedy: expect.stringContaining('disk') as string,
    });
  });
});

describe('a Python file', () => {
  it('makes no code of what is no literal', () => {
    const text = pythonFileText({ ...SOURCE, calls: [{ input: '1)\nimport os\nf(2' }] });
    expect(text).toContain('    # f(1)\\nimport os\\nf(2) is not a call with literal arguments.\n');
    expect(text).not.toMatch(/^import os/m);
  });
});
