import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Writable } from 'node:stream';

import { expect, test } from 'vitest';

import { ownStart, processStatus } from '../../server/src/runFolder/processIdentity.ts';

const minutes = (count: number) => count * 60_000;

test('this process is itself, and another than one that started earlier or later', () => {
  expect(processStatus(process.pid, ownStart())).toBe('running');
  const startedMs = Date.parse(ownStart());
  // Where the platform does not tell, the number alone decides.
  const other = ['linux', 'darwin'].includes(process.platform) ? 'other' : 'running';
  for (const apartMs of [-minutes(1), minutes(1)]) {
    expect(processStatus(process.pid, new Date(startedMs + apartMs).toISOString())).toBe(other);
  }
});

test('a process that ended has ended, and so have numbers that are none', async () => {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  expect(processStatus(child.pid!, new Date().toISOString())).toBe('ended');
  for (const pid of [0, -1, 1.5, Number.NaN, 2 ** 40]) {
    expect(processStatus(pid, ownStart())).toBe('ended');
  }
});

test.runIf(process.platform === 'linux')(
  'a process that only waits to be noticed by its parent has ended',
  async () => {
    // The shell starts a child, becomes a program that never waits for it, and so keeps it as a zombie.
    const parent = spawn('/bin/sh', ['-c', 'cat <&3 & echo $!; exec sleep 30'], {
      stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
    });
    const [said] = (await once(parent.stdout!, 'data')) as [Buffer];
    const pid = Number(said.toString());
    // A shell would notice, so the child goes on until there is none.
    const program = () => readFileSync(`/proc/${String(parent.pid)}/comm`, 'utf8').trim();
    await expect.poll(program).toBe('sleep');
    expect(processStatus(pid, new Date().toISOString())).toBe('running');
    (parent.stdio[3] as Writable).end();
    await expect.poll(() => processStatus(pid, new Date().toISOString())).toBe('ended');
    expect(() => process.kill(pid, 0)).not.toThrow();
    parent.kill('SIGKILL');
  },
);
