/** The whole program on the embedded model: engine, sandbox, loop, store and views. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { RunEvent } from '../../server/protocol/events.ts';
import { azr, startAzr } from './azr.ts';

/** As small as a run can be that still does everything. */
const SMALL = [
  ...['--steps', '3', '--seed', '5', '--set', 'seedTasks=2', '--set', 'proposalsPerMode=2'],
  ...['--set', 'estimationRollouts=2', '--set', 'checkpointEverySteps=1', '--set', 'probe=none'],
  ...['--set', 'learnabilityGate=false'],
];

/** Two starts of torch; on a machine that does other things as well each takes its time. */
const ENGINE_TEST_MS = 300_000;

let folder: string;
const children = new Set<ChildProcess>();

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-run-'));
});

afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
  rmSync(folder, { recursive: true, force: true });
});

/** Events of an `azr … --json`; `onEvent` may end it. */
async function eventsOf(
  argumentList: readonly string[],
  onEvent: (event: RunEvent, child: ChildProcess) => void = () => undefined,
) {
  const child = startAzr([...argumentList, '--json'], { folder });
  children.add(child);
  child.stdin.end();
  const exit = once(child, 'exit') as Promise<[number | null, string | null]>;
  const events: RunEvent[] = [];
  for await (const line of createInterface(child.stdout)) {
    const event = JSON.parse(line) as RunEvent;
    events.push(event);
    onEvent(event, child);
  }
  const [code, signal] = await exit;
  return { events, code, signal };
}

/** Process ids of everything that `pid` started, and of what those started. */
function descendantsOf(pid: number): number[] {
  const file = `/proc/${pid}/task/${pid}/children`;
  const direct = existsSync(file) ? readFileSync(file, 'utf8').split(' ').map(Number) : [];
  return direct.filter((child) => child > 0).flatMap((child) => [child, ...descendantsOf(child)]);
}

describe('azr run', () => {
  test(
    // That its rows are those of an unbroken run is shown where the engine, too, is killed.
    'killed and resumed goes on from its last checkpoint; nothing outlives it',
    async () => {
      let descendants: number[] = [];
      const killed = await eventsOf(
        ['run', ...SMALL, '--directory', 'runs/broken'],
        (event, child) => {
          if (event.kind === 'phase' && event.step === 2 && event.phase === 'estimate') {
            descendants = descendantsOf(child.pid!);
            child.kill('SIGKILL');
          }
        },
      );
      expect(killed.events[0]).toEqual({
        kind: 'run',
        folder: path.join(folder, 'runs', 'broken'),
      });
      expect(killed.signal).toBe('SIGKILL');
      // The engine and the sandbox at least, where the system tells about children.
      if (process.platform === 'linux') expect(descendants.length).toBeGreaterThanOrEqual(2);
      const isAlive = (pid: number) => existsSync(`/proc/${pid}`);
      for (let wait = 0; wait < 100 && descendants.some(isAlive); wait += 1) await sleep(100);
      expect(descendants.filter(isAlive)).toEqual([]);

      const resumed = await azr(['resume'], { folder });
      expect({ code: resumed.code, stderr: resumed.stderr }).toEqual({ code: 0, stderr: '' });
      // Plain lines where there is no terminal, and where the run is.
      const lines = [...resumed.stdout.matchAll(/^step (\d)\/3 {2}/gm)].map(([, step]) => step);
      expect(lines).toEqual(['2', '3']);
      expect(resumed.stdout).toMatch(/^step 3\/3 {2}.* valid \d+ %/m);
      expect(resumed.stdout).not.toContain('\u001b');
      expect(resumed.stdout).toContain(`run          ${path.join(folder, 'runs', 'broken')}`);
      const again = await azr(['resume'], { folder });
      expect(again.stdout).toContain('All 3 steps are done.');
    },
    ENGINE_TEST_MS,
  );
});
