import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { openNativeSandbox } from '../../server/src/sandbox/native/nativeSandbox.ts';
import { DEFAULT_SANDBOX_FOLDER } from '../../server/src/sandbox/wasm/artifact.ts';
import { openWasmSandbox } from '../../server/src/sandbox/wasm/wasmSandbox.ts';
import { oneEngineOfEachKind, withSandbox } from './engines.ts';
import { relatedProcesses } from './processTable.ts';

const ADD = 'def f(x, y=0):\n    return x + y';
const LOOP = 'def f(x):\n    while True: pass';

/** In no command line, so that only ancestry counts. */
const NO_MARKER = '\0no marker';

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function untilGone(pids: readonly number[]): Promise<void> {
  for (let waited = 0; pids.some(exists); waited += 20) {
    if (waited > 5_000) throw new Error(`still alive: ${pids.filter(exists).join(', ')}`);
    await delay(20);
  }
}

const { available, missing } = await oneEngineOfEachKind();
for (const { name, reason } of missing) test.skip(`${name}: not tried, because ${reason}`);

describe.each(available)('$name', (engine) => {
  test('a batch keeps the order of its inputs and gives each a fresh namespace', async () => {
    await withSandbox(engine, {}, async (sandbox) => {
      const counter = 'seen = []\ndef f(x):\n    seen.append(x)\n    print(x)\n    return seen';
      const executions = await sandbox.runBatch(counter, ['1', 'nothing', '2', "'a' 'b'"]);
      expect(executions.map(({ outcome, output, stdout }) => [outcome, output, stdout])).toEqual([
        ['ok', '[1]', '1\n'],
        ['bad-input', undefined, ''],
        ['ok', '[2]', '2\n'],
        ['ok', "['ab']", 'ab\n'],
      ]);
    });
  });

  test('an input that ends the process does not take the others with it, within bounds', async () => {
    await withSandbox(engine, {}, async (sandbox) => {
      const program = 'import os\ndef f(x):\n    if x % 2: os._exit(0)\n    return x';
      const executions = await sandbox.runBatch(program, ['0', '1', '2', '3', '4', '5']);
      expect(executions.map(({ outcome }) => outcome)).toEqual([
        'ok',
        'crashed',
        'ok',
        'crashed',
        'crashed',
        'crashed',
      ]);
      expect(executions[3]?.message).not.toMatch(/^Not tried/);
      expect(executions[4]?.message).toMatch(/^Not tried/);
    });
  });

  test('after an input that takes all its time, the rest are not tried', async () => {
    await withSandbox(engine, { limits: { cpuMs: 200 } }, async (sandbox) => {
      const program = 'def f(x):\n    while x % 2: pass\n    return x';
      const executions = await sandbox.runBatch(program, ['0', '1', '2', '3']);
      expect(executions.map(({ outcome }) => outcome)).toEqual([
        'ok',
        'timeout',
        'timeout',
        'timeout',
      ]);
      expect(executions[1]?.message).not.toMatch(/^Not tried/);
      expect(executions[2]?.message).toMatch(/^Not tried/);
    });
  });

  test('each execution of a batch has its own allowance of time', async () => {
    await withSandbox(engine, { limits: { cpuMs: 400, wallMs: 20_000 } }, async (sandbox) => {
      // Each call burns about 150 ms of CPU time, the whole batch more than one allowance.
      const burn = (rounds: number): string =>
        `def f(x):\n    for _ in range(${rounds}): pass\n    return x`;
      const { cpuMs } = await sandbox.run(burn(1_000_000), '1');
      const program = burn(Math.round((150 / cpuMs) * 1_000_000));
      const executions = await sandbox.runBatch(program, ['1', '2', '3', '4', '5', '6']);
      expect(executions.map(({ output }) => output)).toEqual(['1', '2', '3', '4', '5', '6']);
    });
  });

  test('failures say what happened and where', async () => {
    await withSandbox(engine, { limits: { cpuMs: 300 } }, async (sandbox) => {
      const failing = 'def g(x):\n    return 1 / x\ndef f(x):\n    return g(x)';
      expect(await sandbox.run(failing, '0')).toMatchObject({
        outcome: 'error',
        exceptionType: 'ZeroDivisionError',
        message: 'ZeroDivisionError: division by zero',
        line: 2,
      });
      expect(await sandbox.run('def f(x):\n    return (x', '0')).toMatchObject({
        outcome: 'syntax',
        line: 2,
      });
      expect(await sandbox.run('x = 1', '0')).toMatchObject({ outcome: 'no-entry-function' });
      expect(await sandbox.run(ADD, 'open(1)')).toMatchObject({ outcome: 'bad-input' });
      expect(await sandbox.run(ADD, '1, 2, 3')).toMatchObject({
        outcome: 'error',
        exceptionType: 'TypeError',
      });
      expect(await sandbox.run('import random\ndef f(x): return x', '1')).toMatchObject({
        outcome: 'forbidden',
        exceptionType: 'ModuleNotFoundError',
        line: 1,
      });
      expect(
        await sandbox.run('def f(x): return "y" * 50', '1', { limits: { outputCharacters: 20 } }),
      ).toMatchObject({ outcome: 'too-large' });
    });
  });

  test('the first function is called where none is named f, and printing is kept up to a limit', async () => {
    await withSandbox(engine, { limits: { stdoutCharacters: 5 } }, async (sandbox) => {
      const program =
        'def helper(x):\n    print("é" * 99)\n    return x\ndef other(x):\n    return 0';
      expect(await sandbox.run(program, '7')).toMatchObject({
        outcome: 'ok',
        output: '7',
        stdout: 'é'.repeat(5),
      });
    });
  });

  test('every kind of value comes out as its canonical literal', async () => {
    await withSandbox(engine, {}, async (sandbox) => {
      const identity = 'def f(x): return x';
      const inputs = [
        "{'b': {3, 1, 2}, 'a': frozenset({'y', 'x'})}",
        '[nan, inf, -inf, -0.0, 1e16, 1e-7, 1+2j, 3j, -3j, 0-3j, -infj, (nan+infj)]',
        "('é\\u200b😀', b'\\x00\\xff', None, True, 10**0)".replace('10**0', '10'),
        '12345678901234567890123456789012345678901234567890',
        '9' + '0'.repeat(6_000),
        '((((),),),)',
      ];
      const executions = await sandbox.runBatch(identity, inputs);
      expect(executions.map(({ output }) => output)).toEqual([
        "{'a': frozenset({'x', 'y'}), 'b': {1, 2, 3}}",
        '[nan, inf, -inf, -0.0, 1e+16, 1e-07, (1+2j), 3j, -3j, (0-3j), -infj, (nan+infj)]',
        "('é\\u200b😀', b'\\x00\\xff', None, True, 10)",
        '12345678901234567890123456789012345678901234567890',
        '9' + '0'.repeat(6_000),
        '((((),),),)',
      ]);
    });
  });

  test('what waits and what runs can be cancelled, and the sandbox goes on', async () => {
    await withSandbox(
      engine,
      { workers: 1, limits: { cpuMs: 20_000, wallMs: 20_000 } },
      async (sandbox) => {
        const running = new AbortController();
        const waiting = new AbortController();
        const first = sandbox.run(LOOP, '1', { signal: running.signal });
        const second = sandbox.run(LOOP, '1', { signal: waiting.signal });
        const third = sandbox.run(ADD, '1, 2');
        const outcomes = Promise.allSettled([first, second, third]);
        await delay(150);
        waiting.abort(new Error('not needed'));
        await expect(second).rejects.toThrow('not needed');
        running.abort(new Error('stop'));
        await expect(first).rejects.toThrow('stop');
        expect((await third).output).toBe('3');
        await expect(sandbox.run(ADD, '1', { signal: running.signal })).rejects.toThrow('stop');
        await outcomes;
      },
    );
  });

  test("a user's rerun goes before what a run has queued", async () => {
    await withSandbox(engine, { workers: 1 }, async (sandbox) => {
      const finished: string[] = [];
      const queued = Array.from({ length: 30 }, () =>
        sandbox.run(ADD, '1').then(() => finished.push('run')),
      );
      await sandbox.run(ADD, '2', { priority: 'user' }).then(() => finished.push('user'));
      await Promise.all(queued);
      expect(finished.indexOf('user')).toBeLessThan(5);
    });
  });

  test('a sandbox that is closed says so and leaves no process', async () => {
    const sandbox = await engine.open({
      workers: 2,
      limits: { cpuMs: 20_000, wallMs: 20_000 },
    });
    const pids = [...sandbox.serverPids];
    const pending = Promise.allSettled([1, 2, 3].map((x) => sandbox.run(LOOP, String(x))));
    await delay(150);
    await sandbox.close();
    for (const result of await pending) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'closed' } });
    }
    await untilGone(pids);
    await expect(sandbox.run(ADD, '1')).rejects.toMatchObject({ code: 'closed' });
  });

  describe.skipIf(process.platform !== 'linux')('on Linux', () => {
    test('a process killed under a program is replaced, and the program runs again', async () => {
      await withSandbox(
        engine,
        { workers: 1, limits: { cpuMs: 60_000, wallMs: 60_000 } },
        async (sandbox) => {
          const slow = 'def f(x):\n    for _ in range(10_000_000): pass\n    return x';
          const result = sandbox.run(slow, '5');
          await delay(150);
          const victims = sandbox.serverPids.flatMap((pid) => [
            pid,
            ...relatedProcesses(pid, NO_MARKER),
          ]);
          for (const pid of sandbox.serverPids) process.kill(pid, 'SIGKILL');
          expect(await result).toMatchObject({ outcome: 'ok', output: '5' });
          await untilGone(victims);
          expect((await sandbox.run(ADD, '1, 2', { variant: 1 })).output).toBe('3');
        },
      );
    });

    test('an owner killed outright takes every process with it', async () => {
      const owner = spawn(
        process.execPath,
        [fileURLToPath(new URL('fixtures/sandboxOwner.ts', import.meta.url)), engine.name],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      const [chunk] = await new Promise<[Buffer]>((resolve) => {
        owner.stdout.once('data', (data: Buffer) => {
          resolve([data]);
        });
      });
      const servers = JSON.parse(chunk.toString()) as number[];
      await delay(200);
      const processes = servers.flatMap((pid) => [pid, ...relatedProcesses(pid, NO_MARKER)]);
      if (engine.name !== 'wasm') expect(processes.length).toBeGreaterThan(servers.length);
      owner.kill('SIGKILL');
      await untilGone(processes);
    });
  });
});

test.skipIf(process.platform !== 'linux')(
  'a native jail that cannot be started is refused',
  async () => {
    await expect(openNativeSandbox({ pythonPath: '/nonexistent/python3' })).rejects.toMatchObject({
      code: 'python-not-found',
      remedy: expect.stringContaining('Python 3.10') as string,
    });
    await expect(openNativeSandbox({ harnessPath: '/nonexistent.py' })).rejects.toMatchObject({
      code: 'jail-refused',
    });
  },
);

test.each(['wasm/manifest.json', 'wasm/python.wasm.br', 'harness/values.py', 'wasm_entry.py'])(
  'a wasm sandbox that lacks %s is refused with a remedy',
  async (missing) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'azr-damaged-'));
    try {
      cpSync(DEFAULT_SANDBOX_FOLDER, folder, { recursive: true });
      rmSync(path.join(folder, missing));
      await expect(openWasmSandbox({ sandboxFolder: folder })).rejects.toMatchObject({
        code: 'damaged-installation',
        message: expect.stringContaining(path.normalize(missing)) as string,
        remedy: expect.stringContaining('Install AZR Studio again') as string,
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
