/** The wasm engine's worker processes: their stack, their environment, and what they hold. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openWasmSandbox, type WasmSandbox } from '../../server/src/sandbox/wasm/wasmSandbox.ts';

const SECRET = 'secret-71d2e8';

let sandbox: WasmSandbox;
beforeAll(async () => {
  process.env['AZR_TEST_SECRET'] = SECRET;
  sandbox = await openWasmSandbox({ workers: 1, limits: { cpuMs: 5_000, wallMs: 20_000 } });
});
afterAll(async () => {
  delete process.env['AZR_TEST_SECRET'];
  await sandbox.close();
});

function entry(body: string): string {
  return `def f(x):\n    ${body.trim().replaceAll('\n', '\n    ')}`;
}

describe('recursion up to the usual limit', () => {
  test.each([
    ['of a function', entry('return 1 if x > 900 else f(x + 1)'), 'ok'],
    ['of a function without end', entry('return f(x)'), 'error'],
    [
      'through a method',
      'class A:\n    def __repr__(self): return repr(self)\n' + entry('return repr(A())'),
      'error',
    ],
    [
      'through a sort',
      entry('def g(n): return sorted([1], key=lambda _: g(n + 1))\nreturn g(0)'),
      'error',
    ],
    [
      'through attributes',
      'class A:\n    def __getattr__(self, n): return getattr(self, n)\n' + entry('return A().q'),
      'error',
    ],
    [
      'through an operator',
      'class A:\n    def __add__(self, o): return self + o\n' + entry('return A() + 1'),
      'error',
    ],
    [
      'of a comparison',
      entry(
        'v = []\nfor _ in range(2000): v = [v]\nw = []\nfor _ in range(2000): w = [w]\nreturn v == w',
      ),
      'error',
    ],
    ['of a literal', entry(`return ${'['.repeat(150)}${']'.repeat(150)} and 1`), 'ok'],
    ['of an expression', entry(`return ${'-'.repeat(900)}x`), 'ok'],
    ['of a pattern', 'import re\n' + entry('return bool(re.compile("(" * 90 + ")" * 90))'), 'ok'],
  ])('%s traps nothing', async (_, program, outcome) => {
    const execution = await sandbox.run(program, '3');
    expect(execution.outcome, JSON.stringify(execution)).toBe(outcome);
    if (outcome === 'error') expect(execution.exceptionType).toBe('RecursionError');
  });
});

describe('a limit of processor time', () => {
  const burn = entry('t = 0\nfor i in range(x): t = (t * 31 + i) % 1000003\nreturn t');

  /** Processor time of one program, again and again in a worker of its own. */
  async function times(turns: string, count: number): Promise<number[]> {
    const fresh = await openWasmSandbox({ workers: 1, limits: { cpuMs: 20_000, wallMs: 60_000 } });
    const taken: number[] = [];
    for (let index = 0; index < count; index += 1) {
      taken.push((await fresh.run(burn, turns)).cpuMs);
    }
    await fresh.close();
    return taken;
  }

  test('does not depend on what ran in the worker before', async () => {
    const turns = '3_000_000';
    const taken = await times(turns, 6);
    const warm = Math.min(...taken);
    const cpuMs = Math.round(1.25 * warm);
    expect(taken[0], 'a cold worker is slower').toBeGreaterThan(cpuMs);
    const fresh = await openWasmSandbox({ workers: 1, limits: { cpuMs, wallMs: 60_000 } });
    const executions = await fresh.runBatch(burn, ['1', turns, '2']);
    expect(executions.map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'ok']);
    const [first, , third] = executions;
    expect([first!.output, third!.output]).toEqual(['0', '1']);
    await fresh.close();
  }, 120_000);

  test('is none on the wall: a program that hangs has its time once', async () => {
    const limits = { cpuMs: 100, wallMs: 1_000 };
    const fresh = await openWasmSandbox({ workers: 1, limits });
    await fresh.run(burn, '1');
    const started = performance.now();
    expect((await fresh.run(entry('while True: pass'), '1')).outcome).toBe('timeout');
    expect(performance.now() - started).toBeLessThan(1.5 * limits.wallMs);
    await fresh.close();
  });
});

describe('the description', () => {
  test('names the engine, the version that programs see, and the rings', async () => {
    const { engine, pythonVersion, rings, notPromised } = sandbox.description;
    expect(engine).toBe('wasm');
    const program = 'import sys\n' + entry('return sys.version.split()[0]');
    expect((await sandbox.run(program, '1')).output).toBe(`'${pythonVersion}'`);
    expect(rings).toContain('Node permissions: no files, no processes');
    // Node has permissions for the network since version 25.
    const closed = process.allowedNodeEnvironmentFlags.has('--allow-net');
    expect(rings.includes('Node permissions: no network')).toBe(closed);
    expect(notPromised).not.toEqual([]);
  });
});

describe.skipIf(process.platform !== 'linux')('a worker process', () => {
  test('has nothing in its environment but the channel to its owner', () => {
    for (const pid of sandbox.serverPids) {
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean);
      for (const variable of environment) expect(variable).toMatch(/^NODE_CHANNEL_/);
    }
  });

  test('holds no descriptor of a file or a socket of its owner', () => {
    for (const pid of sandbox.serverPids) {
      const held = readdirSync(`/proc/${pid}/fd`).map((fd) =>
        readlinkSync(`/proc/${pid}/fd/${fd}`),
      );
      // Files: none but the null device. Sockets: standard error and the channel, which Node makes.
      const files = held.filter((target) => target.startsWith('/') && target !== '/dev/null');
      expect(files).toEqual([]);
      expect(held.filter((target) => target.startsWith('socket:')).length).toBeLessThanOrEqual(2);
    }
  });

  test('may neither read files nor start processes, whatever runs in it', () => {
    for (const pid of sandbox.serverPids) {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      expect(command).toContain('--permission');
      expect(command.filter((option) => option.startsWith('--allow-'))).toEqual([
        '--allow-worker',
        expect.stringMatching(/^--allow-fs-read=\S*sandboxWorker\.mjs$/) as string,
      ]);
    }
  });
});
