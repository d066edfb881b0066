/** What the wasm engine makes up for an execution: other things in each round, and the same ones always. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Execution, ExecutionOptions } from '../../server/protocol/sandbox.ts';
import { openWasmSandbox, type WasmSandbox } from '../../server/src/sandbox/wasm/wasmSandbox.ts';

type Place = Required<Pick<ExecutionOptions, 'variant' | 'round'>>;

const PLACES: readonly Place[] = [0, 1, 2, 3, 4, 5, 6].flatMap((round) =>
  ([0, 1] as const).map((variant) => ({ variant, round })),
);

/** Everything that is made up. */
const PARTS: Readonly<Record<string, string>> = {
  'the time': 'time.time_ns()',
  'a duration': '-time.monotonic_ns() + time.monotonic_ns()',
  'bytes of the system': 'os.urandom(8)',
  'a number by chance': 'statistics.random.random()',
  'an identity': 'id(None)',
  'the identity of a new object': 'id(object())',
  'the text of a new object': 'repr(object())',
  'the hash of a text': 'hash("text")',
  'the number of the thread': '_thread.get_ident()',
  'the counts of the collector': 'str((gc.get_count(), len(gc.get_objects()), gc.get_stats()))',
};
const IMPORTS = 'import _thread, gc, os, statistics, time\n';

const folder = mkdtempSync(path.join(tmpdir(), 'azr-rounds-'));
let sandbox: WasmSandbox;
beforeAll(async () => {
  sandbox = await open(1);
});
afterAll(async () => {
  await sandbox.close();
  rmSync(folder, { recursive: true });
});

function open(workers: number): Promise<WasmSandbox> {
  return openWasmSandbox({
    ...{ workers, statesFolder: folder, limits: { cpuMs: 5_000, wallMs: 20_000 } },
  });
}

function outputOf({ output, message }: Execution): string {
  expect(message).toBeUndefined();
  return output!;
}

test('two sandboxes give the same executions for the same rounds, in whatever order', async () => {
  const program = `${IMPORTS}def f(x): return [${Object.values(PARTS).join(', ')}]`;
  const outputsIn = async (from: WasmSandbox, places: readonly Place[]): Promise<string[]> => {
    const batches = await Promise.all(
      places.map((place) => from.runBatch(program, ['1', '2'], place)),
    );
    return batches.map((executions) => executions.map(outputOf).join(';'));
  };
  const outputs = await outputsIn(sandbox, PLACES);
  expect(new Set(outputs).size).toBe(PLACES.length);
  const other = await open(2);
  try {
    expect((await outputsIn(other, PLACES.toReversed())).toReversed()).toEqual(outputs);
  } finally {
    await other.close();
  }
});

test.each(Object.entries(PARTS))('%s: another in each round of each variant', async (...part) => {
  const program = `${IMPORTS}def f(x): return ${part[1]}`;
  const outputs = new Set<string>();
  for (const place of PLACES) outputs.add(outputOf(await sandbox.run(program, '1', place)));
  // Of some there are few, so that two may be alike.
  expect(outputs.size).toBeGreaterThanOrEqual(PLACES.length - 3);
});

test('what a program gives that looks at none of it does not depend on the round', async () => {
  const program =
    'def f(x):\n    print(x)\n    return sorted({x, "b", 2}, key=str), {x: [1.5, None]}';
  const seen = new Set<string>();
  for (const place of PLACES) {
    const { output, stdout, memoryKb } = await sandbox.run(program, '"a"', place);
    seen.add(JSON.stringify([output, stdout, memoryKb]));
  }
  expect(seen.size).toBe(1);
});

test('the clocks of the two variants differ in what is even, from seconds to nanoseconds', async () => {
  const body = 'now = time.time_ns()\n    return [now // 10**n & 1 for n in (0, 3, 6, 9)]';
  for (const place of PLACES) {
    const { output } = await sandbox.run(`import time\ndef f(x):\n    ${body}`, '1', place);
    const { variant } = place;
    expect(output, `round ${place.round}`).toBe(`[${variant}, ${variant}, ${variant}, ${variant}]`);
  }
});
