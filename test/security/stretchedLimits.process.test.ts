/**
 * What programs that try to stretch their limits cost, by the clock and by the kernel's count of memory,
 * in every engine: never more than one and a half times the limit, and a little for a busy machine.
 *
 * The interpreter's own memory is not the program's. What the processes of a sandbox hold after clean
 * programs and one that hung is taken as it is; what a program adds to that is measured.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Execution } from '../../server/protocol/sandbox.ts';
import { oneEngineOfEachKind, type TestedSandbox } from '../sandbox/engines.ts';
import { relatedProcesses } from '../sandbox/processTable.ts';
import { STRETCHING } from './stretchingPrograms.ts';

const LIMITS = { cpuMs: 300, wallMs: 600, memoryMb: 128 };
const MOST_MS = 1.5 * LIMITS.wallMs + 200;
const MOST_KB = 1.5 * LIMITS.memoryMb * 1024;
const SAMPLE_EVERY_MS = 20;
/** In no command line, so that only ancestry counts. */
const NO_MARKER = '\0no marker';

/** What only an undamaged interpreter gets right. */
const CLEAN_PROGRAM = `
import math, json, decimal, re
def f(x):
    return [len([1, 2, 3]), str(5), math.sqrt(16), json.loads('{"a": 2}'), sum([x, 2]),
            str(decimal.Decimal(1) / 8), re.sub("a+", "b", "caat")]
`;
const CLEAN_OUTPUT = "[3, '5', 4.0, {'a': 2}, 5, '0.125', 'cbt']";

test('there are more than twenty programs', () => {
  expect(Object.keys(STRETCHING).length).toBeGreaterThan(20);
});

const { available, missing } = await oneEngineOfEachKind();
for (const { name, reason } of missing) test.skip(`${name}: not tried, because ${reason}`);

describe.skipIf(process.platform !== 'linux').each(available)('$name', (engine) => {
  let sandbox: TestedSandbox;
  let ownKb = 0;

  beforeAll(async () => {
    sandbox = await engine.open({ workers: 1, limits: LIMITS });
    const hang = 'def f(x):\n    while True: pass';
    for (const program of [CLEAN_PROGRAM, hang, CLEAN_PROGRAM, CLEAN_PROGRAM]) {
      for (const variant of [0, 1] as const) {
        ownKb = (await watched(sandbox, () => sandbox.run(program, '3', { variant }))).peakKb;
      }
    }
  });
  afterAll(async () => {
    await sandbox.close();
  });

  test.each(Object.entries(STRETCHING))(
    'a program that %s stays within its limits',
    async (_, program) => {
      const { execution, tookMs, peakKb } = await watched(sandbox, () => sandbox.run(program, '3'));
      const told = JSON.stringify(execution).slice(0, 500);
      expect(tookMs, told).toBeLessThan(MOST_MS);
      expect(execution.durationMs, told).toBeLessThan(MOST_MS);
      expect(peakKb - ownKb, told).toBeLessThan(MOST_KB);
      for (const variant of [0, 1] as const) {
        const clean = { limits: { cpuMs: 5_000, wallMs: 20_000 }, variant };
        const next = await sandbox.run(CLEAN_PROGRAM, '3', clean);
        expect(next.output, JSON.stringify(next)).toBe(CLEAN_OUTPUT);
      }
    },
  );
});

/** Runs one program while its sandbox's processes are watched; the largest of them counts. */
async function watched(sandbox: TestedSandbox, run: () => Promise<Execution>) {
  const servers = sandbox.serverPids;
  const processes = () => servers.flatMap((pid) => [pid, ...relatedProcesses(pid, NO_MARKER)]);
  for (const pid of processes()) forgetPeak(pid);
  let peakKb = 0;
  const look = () => {
    for (const pid of processes()) peakKb = Math.max(peakKb, peakOf(pid));
  };
  const sampling = setInterval(look, SAMPLE_EVERY_MS);
  const started = performance.now();
  const execution = await run();
  const tookMs = performance.now() - started;
  clearInterval(sampling);
  look();
  // The native engine's processes are gone by now; their peak is the kernel's last word about them.
  return { execution, tookMs, peakKb: Math.max(peakKb, execution.memoryKb) };
}

/** The most memory that a process has held since it was asked to forget, in KiB; 0 when it is gone. */
function peakOf(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function forgetPeak(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
  } catch {
    // Gone, or another user's: then its peak is that of all its life, which is no less.
  }
}
