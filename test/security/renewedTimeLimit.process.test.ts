/** Programs of the wasm engine that want more time than they may have, by what they report. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Execution } from '../../server/protocol/sandbox.ts';
import { createGrader } from '../../server/src/grading/grader.ts';
import { openWasmSandbox, type WasmSandbox } from '../../server/src/sandbox/wasm/wasmSandbox.ts';
import { openGate } from '../sandbox/openGate.ts';
import { entry, knowingToken } from './reportForgery.ts';

const LIMITS = { cpuMs: 500, wallMs: 1_000, memoryMb: 64 };
/** What one execution may take. Ten would take ten times the limit, and some of these for ever. */
const MOST_MS = 1.5 * LIMITS.wallMs + 200;
const INPUTS = Array.from({ length: 10 }, (_, index) => String(index));
const CLEAN = 'def f(x): return x + 1';

const OPEN_GATE = openGate(['os', 'sys', 'time']);

let sandbox: WasmSandbox;
beforeAll(async () => {
  sandbox = await openWasmSandbox({ workers: 1, limits: LIMITS });
  for (const variant of [0, 1] as const) await sandbox.run(CLEAN, '1', { variant });
});
afterAll(async () => {
  await sandbox.close();
});

/** What came of it, and how long it took by the clock on the wall. */
async function timed<T>(run: () => Promise<T>): Promise<{ result: T; tookMs: number }> {
  const started = performance.now();
  const result = await run();
  return { result, tookMs: performance.now() - started };
}

function outcomes(executions: readonly Execution[]): string[] {
  return executions.map(({ outcome }) => outcome);
}

/** Each writes one thing, again and again, and works in between: for minutes, if it is let. */
const FLOODS: Readonly<Record<string, string>> = {
  'frames without the token': entry(
    'import os\nwhile True:\n    os.write(3, bytes(20))\n    for _ in range(100_000): pass',
  ),
  'frames with the right token': knowingToken(
    'while True:\n    os.write(3, forged())\n    burn(100_000)',
  ),
  'empty frames with the right token': knowingToken(
    'while True:\n    os.write(3, token + bytes(4))\n    burn(100_000)',
  ),
  'a frame of its own beside the true one': knowingToken('os.write(3, forged())\nreturn 1'),
};

describe('a program that writes frames cannot renew its own time limit', () => {
  test.each(Object.entries(FLOODS))('%s', async (_, program) => {
    const { result, tookMs } = await timed(() => sandbox.runBatch(program, INPUTS));
    expect(outcomes(result)).toEqual(INPUTS.map(() => 'forged'));
    expect(tookMs).toBeLessThan(MOST_MS);
    expect((await sandbox.run(CLEAN, '1')).output).toBe('2');
  });

  test('one that writes a single frame with the token and hangs gains nothing by it', async () => {
    const program = knowingToken('os.write(3, forged())\nwhile True: pass');
    const { result, tookMs } = await timed(() => sandbox.runBatch(program, INPUTS));
    expect(outcomes(result)).toEqual(INPUTS.map(() => 'timeout'));
    expect(tookMs).toBeLessThan(MOST_MS);
  });

  test('one that announces a frame byte by byte has no more time than others', async () => {
    const program = knowingToken(`
os.write(3, token + (100_000).to_bytes(4, "little"))
while True:
    os.write(3, b"x")
    burn(1_000)`);
    const { result, tookMs } = await timed(() => sandbox.runBatch(program, INPUTS));
    expect(outcomes(result)).toEqual(INPUTS.map(() => 'timeout'));
    expect(tookMs).toBeLessThan(MOST_MS);
  });

  test('one that forges a report and leaves does not answer for the inputs that follow', async () => {
    const program = knowingToken(
      'for _ in INPUTS: os.write(3, forged())\nos._exit(0)'.replace('INPUTS', 'range(10)'),
    );
    const executions = await sandbox.runBatch(program, INPUTS);
    expect(outcomes(executions)).toEqual(INPUTS.map(() => 'forged'));
    const single = knowingToken('os.write(3, forged())\nos._exit(0)');
    expect(outcomes(await sandbox.runBatch(single, INPUTS))).toEqual(INPUTS.map(() => 'crashed'));
  });
});

describe('a program that hangs is not tried again', () => {
  test('its other inputs are not tried', async () => {
    const program = entry('while True: pass');
    const { result, tookMs } = await timed(() => sandbox.runBatch(program, INPUTS));
    expect(outcomes(result)).toEqual(INPUTS.map(() => 'timeout'));
    expect(result[1]!.message).toMatch(/^Not tried/);
    expect(tookMs).toBeLessThan(MOST_MS);
  });

  test.each([
    ['hangs at once', entry('while True: pass')],
    ['hangs on the last hidden input', entry('while x == 4: pass\nreturn x + 1')],
    ['writes frames while it hangs', FLOODS['frames with the right token']!],
  ])('an induction answer that %s takes no more than one limit', async (_, answer) => {
    const grader = createGrader(sandbox, OPEN_GATE);
    const hidden = [0, 1, 2, 3, 4].map((x) => ({ input: String(x), output: String(x + 1) }));
    const { result, tookMs } = await timed(() => grader.verifyInduction({ hidden }, answer));
    expect(result.verdict).toBe('wrong');
    expect(['timeout', 'forged']).toContain(result.reason);
    expect(tookMs).toBeLessThan(MOST_MS);
  });
});
