/** What a program could learn about the one before it: how much memory that took. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openWasmSandbox, type WasmSandbox } from '../../server/src/sandbox/wasm/wasmSandbox.ts';

const CLEAN = 'def f(x): return x + 1';

let sandbox: WasmSandbox;
let untouched: number;
beforeAll(async () => {
  const limits = { cpuMs: 5_000, wallMs: 10_000, memoryMb: 128 };
  sandbox = await openWasmSandbox({ workers: 1, limits });
  untouched = (await sandbox.run(CLEAN, '1')).memoryKb;
});
afterAll(async () => {
  await sandbox.close();
});

const MEGABYTES = [1, 2, 3, 5, 7, 9, 40, 100];

test.each(MEGABYTES)(
  'a program that takes %i MB leaves the next the memory that every program starts with',
  async (megabytes) => {
    const { memoryKb } = await sandbox.run(`def f(x): return len(bytes(x << 20))`, `${megabytes}`);
    expect(memoryKb).toBeGreaterThanOrEqual(megabytes << 10);
    for (const variant of [0, 1] as const) {
      expect((await sandbox.run(CLEAN, '1', { variant })).memoryKb).toBe(untouched);
    }
  },
);

test('one that runs out of memory leaves it too', async () => {
  const greedy = 'def f(x):\n    values = [0]\n    while True: values += values';
  expect((await sandbox.run(greedy, '1')).outcome).toBe('memory');
  expect((await sandbox.run(CLEAN, '1')).memoryKb).toBe(untouched);
});

test('an input of a batch takes no more than all of them may together', async () => {
  // Each keeps 50 MB: the third does not fit any more.
  const program =
    'kept = []\nimport sys\ndef f(x):\n    sys.kept = getattr(sys, "kept", [])\n    sys.kept.append(bytes(50 << 20))\n    return x';
  const executions = await sandbox.runBatch(program, ['1', '2', '3']);
  expect(executions.map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'memory']);
});
