/** What is made of a child's reports, by how the child ended. */
import { expect, test } from 'vitest';
import { DEFAULT_EXECUTION_LIMITS } from '../../server/protocol/sandbox.ts';
import { readExecutions, readInspection } from '../../server/src/sandbox/pool/reports.ts';
import type { Response } from '../../server/src/sandbox/pool/wire.ts';

const NONCE = Buffer.alloc(16, 7);

function frame(output: string, time = 1): Buffer {
  return frameOf({ outcome: 'ok', output, stdout: '', wall: time, cpu: time });
}

function frameOf(fields: object): Buffer {
  const report = JSON.stringify(fields);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(report.length);
  return Buffer.concat([NONCE, length, Buffer.from(report)]);
}

function responseOf(reports: readonly Buffer[]): Response {
  return {
    ...{ end: 'exited', exitCode: 0, signal: 0, wallMs: 9, cpuMs: 9, memoryKb: 9 },
    payload: Buffer.concat(reports),
  };
}

function outcomes(reports: readonly Buffer[], ended: Partial<Response>): string[] {
  const response = { ...responseOf(reports), ...ended };
  return readExecutions(response, NONCE, 2, DEFAULT_EXECUTION_LIMITS).map(({ outcome }) => outcome);
}

const KILLED = { exitCode: undefined, signal: 9 } as const;

test.each<[string, readonly Buffer[], Partial<Response>, readonly string[]]>([
  ['reported all and left', [frame('1'), frame('2')], {}, ['ok', 'ok']],
  ['reported one and left', [frame('1')], {}, ['ok', 'crashed']],
  ['reported one and hung', [frame('1')], { end: 'wall-limit', ...KILLED }, ['ok', 'timeout']],
  [
    'reported all and did not leave in time',
    [frame('1'), frame('2')],
    { end: 'cpu-limit', ...KILLED },
    ['ok', 'timeout'],
  ],
  ['reported all and failed', [frame('1'), frame('2')], { exitCode: 7 }, ['forged', 'forged']],
  [
    'reported all and was ended by the kernel',
    [frame('1'), frame('2')],
    { exitCode: undefined, signal: 31 },
    ['forged', 'forged'],
  ],
  ['reported too much', [frame('1'), frame('2'), frame('3')], {}, ['forged', 'forged']],
  [
    'reported too much and hung',
    [frame('1'), frame('2'), frame('3')],
    { end: 'wall-limit', ...KILLED },
    ['forged', 'forged'],
  ],
  ['wrote what is no report', [frame('1'), Buffer.from('{}')], {}, ['forged', 'forged']],
  ['reported a time before its start', [frame('1', -5), frame('2')], {}, ['forged', 'forged']],
  ['reported what is no value', [frame('f()'), frame('2')], {}, ['forged', 'forged']],
])('a child that %s', (_, reports, ended, expected) => {
  expect(outcomes(reports, ended)).toEqual(expected);
});

const INSPECTION = {
  ...{ functions: ['f'], imports: [{ module: 'math', line: 1 }], chance: [], structure: 'a' },
  ...{ template: 'b', constructs: [], syntaxNodes: 9 },
};

test('an inspection is read, without what nobody asked for', () => {
  const { imports, ...others } = INSPECTION;
  const reported = { ...others, imports: [{ ...imports[0], more: 1 }], more: 1 };
  expect(readInspection(responseOf([frameOf(reported)]), NONCE)).toEqual(INSPECTION);
  const syntax = { message: 'not so', line: -1, more: 1 };
  expect(readInspection(responseOf([frameOf({ ...INSPECTION, syntax })]), NONCE).syntax).toEqual({
    message: 'not so',
  });
});

test.each([
  ['a module that is no text', { imports: [{ module: 1, line: 1 }] }],
  ['an import without a line', { imports: [{ module: 'math' }] }],
  ['an import that is none', { imports: [null] }],
  ['an error that is a text', { syntax: 'wrong' }],
  ['an error without a message', { syntax: {} }],
  ['no error, said in another way', { syntax: null }],
  ['half a node', { syntaxNodes: 1.5 }],
  ['a construct that has no name', { constructs: ['<b>'] }],
])('an inspection with %s is none', (_, wrong) => {
  const report = frameOf({ ...INSPECTION, ...wrong });
  expect(readInspection(responseOf([report]), NONCE).syntax?.message).toBe(
    'The program is too large or too deeply nested to be read.',
  );
});
