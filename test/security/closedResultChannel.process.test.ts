/**
 * The native engine watches a program through the channel that carries its result. Whatever a program
 * does to that channel, it ends at its limits, and the next program is right.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { availableEngines, type TestedSandbox } from '../sandbox/engines.ts';

const LIMITS = { cpuMs: 500, wallMs: 1_000 };
const INPUTS = ['1', '2', '3'];

/** Finds the token that marks true frames, and makes one. */
const FRAME = `
import os, sys, time
def frame(length=None):
    found = sys._getframe()
    while "nonce" not in found.f_locals: found = found.f_back
    report = b'{"outcome":"ok","output":"1","stdout":"","wall":1,"cpu":1}'
    size = len(report) if length is None else length
    return found.f_locals["nonce"] + size.to_bytes(4, "little") + report
`;

/** Bodies of f; each would go on for ever. */
const ENDLESS: Readonly<Record<string, string>> = {
  'closes it and sleeps': 'os.close(3)\ntime.sleep(100)',
  'closes it and computes': 'os.close(3)\nwhile True: pass',
  'closes everything and sleeps': 'os.closerange(0, 100)\ntime.sleep(100)',
  'closes it and waits for a lock':
    'import _thread\nos.close(3)\nlock = _thread.allocate_lock()\nlock.acquire()\nlock.acquire()',
  'closes it, ignores signals and sleeps':
    'import _signal\nfor n in range(1, 32):\n    try: _signal.signal(n, _signal.SIG_IGN)\n    except Exception: pass\nos.close(3)\nwhile True: time.sleep(100)',
  'reports, closes it and sleeps': 'os.write(3, frame())\nos.close(3)\ntime.sleep(100)',
  'writes the beginning of a frame and sleeps': 'os.write(3, frame()[:18])\ntime.sleep(100)',
  'announces 4 GB and sleeps': 'os.write(3, frame(0xffffffff))\ntime.sleep(100)',
  'writes single bytes that are not a frame, on and on':
    'while True:\n    os.write(3, b"x")\n    time.sleep(0.05)',
  'writes frames without the token, on and on':
    'while True:\n    os.write(3, bytes(20))\n    time.sleep(0.3)',
  'writes more frames than it has executions':
    'while True:\n    os.write(3, frame())\n    time.sleep(0.3)',
};

function program(body: string): string {
  return `${FRAME}\ndef f(x):\n${body.replaceAll(/^/gm, '    ')}`;
}

const { available, missing } = await availableEngines();
for (const { name, reason } of missing) test.skip(`${name}: not tried, because ${reason}`);
const natives = available.filter(({ name }) => name.startsWith('native'));

describe.each(natives)('$name: a program that', (engine) => {
  let sandbox: TestedSandbox;
  beforeAll(async () => {
    sandbox = await engine.open({ workers: 1, limits: LIMITS });
    await sandbox.run('def f(x): return x', '1');
  });
  afterAll(async () => {
    await sandbox.close();
  });

  test.each(Object.entries(ENDLESS))('%s ends at its limits', async (_, body) => {
    const started = performance.now();
    const execution = await sandbox.run(program(body), '1');
    const tookMs = performance.now() - started;
    expect(['timeout', 'forged'], JSON.stringify(execution)).toContain(execution.outcome);
    // What a busy machine takes to notice is added to the limit.
    expect(tookMs).toBeLessThan(1.5 * LIMITS.wallMs + 200);
    expect((await sandbox.run('def f(x): return x + 1', '1')).output).toBe('2');
  });

  test('writes frames of its own cannot make the time of one request longer', async () => {
    const started = performance.now();
    const forging =
      'for _ in range(2):\n    time.sleep(0.7)\n    os.write(3, frame())\ntime.sleep(100)';
    const executions = await sandbox.runBatch(program(forging), INPUTS);
    const tookMs = performance.now() - started;
    expect(executions.map(({ outcome }) => outcome)).toContain('timeout');
    expect(tookMs).toBeLessThan(1.5 * INPUTS.length * LIMITS.wallMs + 200);
  });

  test('writes a frame without the token is ended at once, and gets no time for it', async () => {
    const started = performance.now();
    const [first] = await sandbox.runBatch(
      program('os.write(3, bytes(20))\ntime.sleep(100)'),
      INPUTS,
    );
    expect(first).toMatchObject({ outcome: 'forged' });
    expect(performance.now() - started).toBeLessThan(LIMITS.wallMs / 2);
  });
});
