/** Programs of the wasm engine that want their worker to keep memory after them. */
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { openWasmSandbox, type WasmSandbox } from '../../server/src/sandbox/wasm/wasmSandbox.ts';
import { residentBytes } from '../sandbox/processTable.ts';
import { entry, knowingToken } from './reportForgery.ts';

const CLEAN = 'def f(x): return x + 1';
const MEMORY_MB = 128;

describe.skipIf(process.platform !== 'linux')(
  'a worker keeps no memory for what was written',
  () => {
    let sandbox: WasmSandbox;
    let before: number;
    beforeAll(async () => {
      const limits = { cpuMs: 5_000, wallMs: 10_000, memoryMb: MEMORY_MB };
      sandbox = await openWasmSandbox({ workers: 1, limits });
      for (let count = 0; count < 20; count += 1) {
        await sandbox.run(CLEAN, '1', { variant: count % 2 === 0 ? 0 : 1 });
      }
      before = residentBytes(sandbox.serverPids[0]!);
    });
    afterAll(async () => {
      await sandbox.close();
    });

    test('a program that overwrites the limit in its own memory gets no more', async () => {
      const file = new URL('fixtures/overwrittenLimit.py', import.meta.url);
      const limits = { cpuMs: 30_000, wallMs: 60_000 };
      const { outcome, output } = await sandbox.run(readFileSync(file, 'utf8'), String(MEMORY_MB), {
        limits,
      });
      expect(outcome).toBe('ok');
      const [overwritten, megabytes] = JSON.parse(`[${output!.slice(1, -1)}]`) as number[];
      // Otherwise this would be a program like any other.
      expect(overwritten).toBeGreaterThan(0);
      expect(megabytes).toBeLessThan(1.2 * MEMORY_MB);
    });

    test('memory that a program grew is given back', async () => {
      const program = entry('return len([bytearray(1 << 20) for _ in range(100)])');
      expect((await sandbox.run(program, '1')).output).toBe('100');
      await sandbox.run(CLEAN, '1');
      await vi.waitFor(() => {
        expect(residentBytes(sandbox.serverPids[0]!) - before).toBeLessThan(40 << 20);
      }, 10_000);
    });

    test.each([
      [
        '9,990 single bytes',
        entry('import os\nfor _ in range(9_990): os.write(3, b"x")\nreturn 1'),
      ],
      [
        'a report in 9,990 single bytes',
        knowingToken(`
os.write(3, token + (9_990).to_bytes(4, "little"))
for _ in range(9_990): os.write(3, b" ")
os._exit(0)`),
      ],
      [
        'a report in 9,990 single bytes, and then hangs',
        knowingToken(`
os.write(3, token + (9_990).to_bytes(4, "little"))
for _ in range(9_990): os.write(3, b" ")
while True: pass`),
      ],
      [
        '100,000 empty writes',
        entry('import os\nfor _ in range(100_000): os.write(3, b"")\nreturn 1'),
      ],
      ['1,024 parts at once', entry('import os\nos.writev(3, [b"x"] * 1_024)\nreturn 1')],
    ])('after a program that writes %s', async (_, program) => {
      const limits = { cpuMs: 1_500 };
      for (let count = 0; count < 3; count += 1) await sandbox.run(program, '1', { limits });
      expect((await sandbox.run(CLEAN, '1')).output).toBe('2');
      // The worker that was there, or one in its place, and no more than one thread's worth above.
      for (const pid of sandbox.serverPids) {
        expect(residentBytes(pid) - before).toBeLessThan(MEMORY_MB << 20);
      }
    });
  },
);

describe('a worker that holds more than it may', () => {
  afterEach(() => {
    vi.doUnmock('../programs/workerProgram.ts');
    vi.resetModules();
  });

  /** Opens a sandbox whose workers only say that they hold so much, and runs three programs in it. */
  async function pidsOfWorkersThatHold(megabytes: number): Promise<number[]> {
    const file = new URL('fixtures/workerThatHolds.mjs', import.meta.url).pathname;
    vi.doMock('../programs/workerProgram.ts', () => ({
      WORKER_PROGRAM: file,
      WORKER_READABLE: file,
    }));
    vi.resetModules();
    const { openWasmSandbox: open } = await import('../../server/src/sandbox/wasm/wasmSandbox.ts');
    const sandbox = await open({ workers: 1 });
    const pids: number[] = [];
    for (let count = 0; count < 3; count += 1) {
      await sandbox.run(CLEAN, String(megabytes));
      // One that was ended a moment ago is still among them.
      pids.push(...sandbox.serverPids);
    }
    await sandbox.close();
    return pids;
  }

  test('is replaced', async () => {
    expect(new Set(await pidsOfWorkersThatHold(1_100)).size).toBeGreaterThanOrEqual(3);
  });

  test('is kept while it holds what a worker needs', async () => {
    expect(new Set(await pidsOfWorkersThatHold(250)).size).toBe(1);
  });
});
