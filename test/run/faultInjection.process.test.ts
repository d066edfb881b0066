/**
 * One seeded run, its runner, engine and sandboxes killed again and again at random moments and
 * resumed each time, must leave the rows of the same run unbroken.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { RandomStream } from '../../server/src/method/randomStream.ts';
import { type Ended, FaultyWorld, isAlive, startedBy } from './faults/faultyWorld.ts';
import { rowsOf } from './rows.ts';

/** Another seed makes another series of kills. */
const SEED = Number(process.env['AZR_FAULT_SEED'] ?? 1);
const KILLS = Number(process.env['AZR_FAULT_KILLS'] ?? 12);
/** Some three kills fall into each step; the run must outlast them. */
const STEPS = 10 + Math.ceil(KILLS / 2);
/** About two steps' worth of events: most sessions get to commit something, many do not. */
const EVENTS_BEFORE_KILL = 30;
const TARGETS = ['runner', 'engine', 'sandbox'] as const;
type Target = (typeof TARGETS)[number];

const SETTINGS = [
  ...['--steps', String(STEPS), '--seed', '11', '--set', 'seedTasks=2'],
  ...['--set', 'goldLossWeight=1', '--set', 'goldDocumentsPerStep=12'],
  ...['--set', 'proposalsPerMode=2', '--set', 'estimationRollouts=2', '--set', 'probe=none'],
  ...['--set', 'checkpointEverySteps=1', '--set', 'checkpointsKept=2'],
  // What is let go of must be the same, too.
  ...['--set', 'completionsKeptSteps=4'],
];

let folder: string;
let world: FaultyWorld;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-faults-'));
  world = new FaultyWorld(folder);
});

afterAll(() => {
  world.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

function kill(pid: number | undefined): boolean {
  if (pid === undefined || !isAlive(pid)) return false;
  process.kill(pid, 'SIGKILL');
  return true;
}

/** The session's kills; the death of an engine or a sandbox it survives, so that it is hit more than once. */
class Killer {
  readonly kills: Record<Target, number> = { runner: 0, engine: 0, sandbox: 0 };
  readonly seen = new Set<number>();
  readonly #random = new RandomStream(SEED, 'kills');

  get total(): number {
    return this.kills.runner + this.kills.engine + this.kills.sandbox;
  }

  async session(argumentList: readonly string[]): Promise<Ended> {
    let countdown = this.#random.integer(EVENTS_BEFORE_KILL);
    let isOver = false;
    return await world.azr(argumentList, (_, child) => {
      const { engines, sandboxes } = startedBy(child.pid!);
      for (const pid of [...engines, ...sandboxes]) this.seen.add(pid);
      countdown -= 1;
      if (isOver || countdown > 0) return;
      const target = this.#random.pick(TARGETS)!;
      const afterMs = this.#random.integer(12);
      isOver = target === 'runner';
      countdown = this.#random.integer(EVENTS_BEFORE_KILL);
      void delay(afterMs).then(() => {
        const pid = { runner: child.pid, engine: engines[0], sandbox: sandboxes[0] }[target];
        if (kill(pid)) this.kills[target] += 1;
        else isOver = false;
      });
    });
  }
}

test(`a run whose processes are killed ${String(KILLS)} times has the rows of an unbroken one`, async () => {
  const whole = await world.azr([
    'run',
    ...SETTINGS,
    '--model',
    world.model,
    '--directory',
    'whole',
  ]);
  expect(whole.events.filter(({ kind }) => kind === 'failure')).toEqual([]);
  expect(whole.code).toBe(0);

  const killer = new Killer();
  const codes = new Set<string>();
  let finished = false;
  let last = await killer.session([
    'run',
    ...SETTINGS,
    '--model',
    world.model,
    '--directory',
    'broken',
  ]);
  for (let session = 0; session < 10 * KILLS && !finished; session += 1) {
    for (const event of last.events) if (event.kind === 'failure') codes.add(event.code);
    // What the database holds after each kill is what the next session starts from.
    const isEnough = killer.total >= KILLS;
    const next = ['resume', 'broken'];
    last = isEnough ? await world.azr(next) : await killer.session(next);
    finished = last.code === 0;
    if (finished && !isEnough) break;
  }
  console.log(JSON.stringify({ kills: killer.kills, codes: [...codes] }));
  expect(last.code).toBe(0);
  expect(killer.total).toBeGreaterThanOrEqual(KILLS);
  for (const target of TARGETS) expect(killer.kills[target]).toBeGreaterThan(KILLS / 20);
  expect(codes).not.toContain('defect');

  const [broken, unbroken] = [
    rowsOf(path.join(folder, 'broken')),
    rowsOf(path.join(folder, 'whole')),
  ];
  expect(broken['step']!.length).toBe(STEPS + 1);
  expect(broken).toEqual(unbroken);
  await expect.poll(() => [...killer.seen].filter(isAlive), { timeout: 20_000 }).toEqual([]);
}, 600_000);
