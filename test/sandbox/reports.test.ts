/** What is made of a child's reports, by how the child ended. */
import { expect, test } from 'vitest';
import { DEFAULT_EXECUTION_LIMITS } from '../../server/protocol/sandbox.ts';
import { readExecutions } from '../../server/src/sandbox/pool/reports.ts';
import type { Response } from '../../server/src/sandbox/pool/wire.ts';

const NONCE = Buffer.alloc(16, 7);

function frame(output: string): Buffer {
  const report = JSON.stringify({ outcome: 'ok', output, stdout: '', wall: 1, cpu: 1 });
  const length = Buffer.alloc(4);
  length.writeUInt32LE(report.length);
  return Buffer.concat([NONCE, length, Buffer.from(report)]);
}

function outcomes(reports: readonly Buffer[], ended: Partial<Response>): string[] {
  const response: Response = {
    ...{ identifier: 2n, end: 'exited', exitCode: 0, signal: 0, wallMs: 9, cpuMs: 9, memoryKb: 9 },
    payload: Buffer.concat(reports),
    ...ended,
  };
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
  ['reported what is no value', [frame('f()'), frame('2')], {}, ['forged', 'forged']],
])('a child that %s', (_, reports, ended, expected) => {
  expect(outcomes(reports, ended)).toEqual(expected);
});
