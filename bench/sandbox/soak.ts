/** Very many programs, some of them hostile, after which nothing may be left. */
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Engine } from '../../test/sandbox/engines.ts';
import { startedProcesses } from './processCosts.ts';

const BATCH = 1_000;
const ADD = 'def f(x):\n    return x + 1';
/** One in a hundred of these, in turn. */
const NUISANCES = [
  'import os\ndef f(x):\n    os._exit(0)',
  'def f(x):\n    return [0] * 10 ** 11',
  'import os\ndef f(x):\n    os.fork()',
  'def f(x):\n    return f(x)',
  'def f(x):\n    while True: pass',
];

/** Runs `programs` programs on each engine; throws when a process or descriptor is left. */
export async function soak(engines: readonly Engine[], programs: number): Promise<void> {
  for (const engine of engines) {
    const before = new Set(startedProcesses());
    const descriptors = readdirSync('/proc/self/fd').length;
    const sandbox = await engine.open({ workers: availableParallelism(), limits: { cpuMs: 100 } });
    const started = performance.now();
    let wrong = 0;
    for (let done = 0; done < programs; done += BATCH) {
      const executions = await Promise.all(
        Array.from({ length: Math.min(BATCH, programs - done) }, async (_, index) => {
          const number = done + index;
          const nuisance = number % 100 === 99 ? NUISANCES[((number - 99) / 100) % 5] : undefined;
          const variant = number % 2 === 0 ? 0 : 1;
          const { output } = await sandbox.run(nuisance ?? ADD, String(number), { variant });
          return output === (nuisance === undefined ? String(number + 1) : undefined);
        }),
      );
      wrong += executions.filter((right) => !right).length;
    }
    const seconds = (performance.now() - started) / 1000;
    const running = startedProcesses().filter((pid) => !before.has(pid)).length;
    const residentMb = process.memoryUsage().rss / 2 ** 20;
    await sandbox.close();
    await delay(300);
    const leftProcesses = startedProcesses().filter((pid) => !before.has(pid)).length;
    const leftDescriptors = readdirSync('/proc/self/fd').length - descriptors;
    console.log(
      `${engine.name}: ${programs} programs in ${seconds.toFixed(0)} s, ${wrong} wrong results; ` +
        `${running} processes of the sandbox at the end, ${leftProcesses} left after it closed, ` +
        `${leftDescriptors} descriptors left; the owner has ${residentMb.toFixed(0)} MB`,
    );
    if (wrong + leftProcesses > 0 || leftDescriptors > 0) throw new Error('Something was left.');
  }
}
