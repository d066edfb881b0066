import { describe, expect, test } from 'vitest';

import { answerText } from '../../extension/src/documents/answerText.ts';
import { doctorText } from '../../extension/src/documents/doctorText.ts';
import { rerunText } from '../../extension/src/documents/rerunText.ts';
import type { RerunResult } from '../../server/protocol/reruns.ts';
import type { Execution } from '../../server/protocol/sandbox.ts';

const at = new Date('2026-11-25T08:00:00Z');

function execution(changes: Partial<Execution> = {}): Execution {
  return {
    outcome: 'ok',
    output: '42',
    stdout: '',
    durationMs: 1.234,
    cpuMs: 1,
    memoryKb: 2048,
    ...changes,
  };
}

function lines(result: Partial<RerunResult>): string[] {
  const text = rerunText(
    { title: 'task 5', cases: [], summary: 'one run', sandbox: 'wasm, Python 3.13', ...result },
    at,
  );
  return text.split('\n').slice(1);
}

describe('the result of a rerun', () => {
  test('counts runs that ended alike, and compares with the stored value', () => {
    const fast = execution();
    const slow = execution({ durationMs: 20.4, stdout: 'hi\n' });
    const result = lines({
      cases: [
        {
          input: '1, 2',
          executions: [fast, fast, slow],
          expected: '42',
          matches: true,
          deterministic: true,
        },
      ],
    });

    expect(result).toEqual([
      'one run',
      '',
      'f(1, 2)',
      '    → 2 × 42  (1.23 ms, 2.0 MiB)',
      '    → 42  (20 ms, 2.0 MiB)',
      '      | hi',
      '    = as stored',
      '',
      'Sandbox: wasm, Python 3.13',
      '',
    ]);
  });

  test('says what the jail refused, where, and that values differ', () => {
    const failed = execution({ outcome: 'forbidden', message: 'open() is not there.', line: 3 });
    const result = lines({
      problem: 'repeats the case',
      verdict: 'wrong',
      verdictReason: 'different-output',
      storedVerdict: 'correct',
      cases: [
        {
          input: '1',
          executions: [failed, execution()],
          expected: '7',
          matches: false,
          deterministic: false,
        },
      ],
    });

    expect(result).toEqual(
      expect.arrayContaining([
        'Verdict: wrong (different output), stored: correct',
        '    → forbidden: open() is not there. (line 3)  (1.23 ms, 2.0 MiB)',
        '    ≠ stored: 7',
        '    Not deterministic: the runs gave different values.',
      ]),
    );
    expect(result).not.toContain('repeats the case');
  });

  test('has the problem when nothing ran', () => {
    expect(lines({ problem: 'There is no f.' })).toContain('There is no f.');
  });
});

test('an answer is one line, and what the model wrote draws no icon', () => {
  const text = answerText({
    kind: 'rollout',
    id: 9,
    step: 4,
    role: 'solver',
    mode: 'deduction',
    phase: 'estimate',
    group: 2,
    verdict: 'wrong',
    verdictReason: 'different-output',
    answer: "'$(flame)\n  x'",
    reward: -0.5,
    advantage: 1.25,
    tokenCount: 12,
    trained: true,
  });

  expect(text.label).toMatch(/^\$\(error\) '\$.\(flame\) x'$/u);
  expect(text.label).not.toContain('$(flame)');
  expect(text.description).toBe('wrong: different output');
  expect(text.detail).toBe('step 4 · estimate · 12 tokens · reward −0.50 · advantage 1.25');
});

test('the doctor lists checks with their remedies and sums up', () => {
  const text = doctorText(
    [
      { name: 'Python', status: 'ok', detail: '3.12' },
      { name: 'PyTorch', status: 'failed', detail: 'missing', remedy: 'Set it up.' },
    ],
    at,
  );

  expect(text.split('\n').slice(1)).toEqual([
    '✓ Python   3.12',
    '✗ PyTorch  missing',
    '           → Set it up.',
    '',
    '1 checks failed.',
    '',
  ]);
});
