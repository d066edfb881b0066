/** Evaluations by the real command line and engine that are cut off: nothing that was answered is asked again or lost. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { programPath } from '../programs/programs.ts';
import { azr, startAzr } from '../cli/azr.ts';
import { rowsOf } from '../run/rows.ts';

/** Two requests of 32 greedily, and two more that sample. */
const ASKED = ['azr-nano', '--items', '64', '--samples', '1', '--json'];
const LONG_MS = 180_000;

let folder: string;
let whole: Record<string, unknown[]>;

beforeAll(async () => {
  // With one thread the sums of floating-point numbers are taken in one order.
  process.env['OMP_NUM_THREADS'] = '1';
  folder = mkdtempSync(path.join(tmpdir(), 'azr-interrupted-'));
  expect(await azr(evaluation('whole'))).toMatchObject({ code: 0 });
  whole = rowsOf(path.join(folder, 'whole'));
  expect(whole['rollout']).toHaveLength(128);
}, LONG_MS);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

function evaluation(name: string): string[] {
  return ['eval', ...ASKED, '--directory', path.join(folder, name)];
}

async function resumed(name: string): Promise<void> {
  const { code, stderr } = await azr(['resume', path.join(folder, name), '--json']);
  expect(code, stderr).toBe(0);
  expect(rowsOf(path.join(folder, name))).toEqual(whole);
}

test.each([
  ['in the first request', 0],
  ['among the samples', 96],
])(
  'killed %s, it is resumed to the rows of an unbroken one',
  { timeout: LONG_MS },
  async (_, answers) => {
    const name = `killed-${String(answers)}`;
    const child = startAzr(evaluation(name));
    const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
    for await (const line of createInterface(child.stdout)) {
      const event = JSON.parse(line) as { kind?: string; phase?: string; done?: number };
      if (event.kind === 'phase' && event.phase === 'probe' && Number(event.done) >= answers) {
        child.kill('SIGKILL');
        break;
      }
    }
    expect((await ended)[1]).toBe('SIGKILL');
    await resumed(name);
  },
);

test(
  'without room on the disk it fails with that reason, and is resumed when there is room',
  { timeout: LONG_MS },
  async () => {
    // No file of the evaluation may grow beyond so many blocks of 512 bytes, as on a disk that is full.
    const confined = ['-c', 'ulimit -f 700; exec "$@"', 'sh', process.execPath];
    const { exitCode, stdout, stderr } = await execa(
      '/bin/sh',
      [...confined, programPath('cli'), ...evaluation('full')],
      { reject: false, stdin: 'ignore' },
    );
    expect(exitCode, stdout).toBe(1);
    expect(`${stdout}${stderr}`).toMatch(/"code":"(?:disk-full|input-output)"/);
    await resumed('full');
  },
);
