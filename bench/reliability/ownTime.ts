/**
 * The loop's own share of a run's time: with the real engine, the embedded model and the real sandbox,
 * the time in which neither of the two has anything to do for the loop. Commits count as its own.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { inspectHeldOut } from '../../server/src/method/measuring/inspectHeldOut.ts';
import { askingIn } from '../../server/src/method/asking.ts';
import { runLoop } from '../../server/src/method/loop.ts';
import { openEngine } from '../../server/src/run/openEngine.ts';
import { openGrader } from '../../server/src/run/openGrader.ts';
import { prepareNewRun } from '../../server/src/run/prepareRun.ts';
import { createRunFolder } from '../../server/src/runFolder/createRunFolder.ts';
import { presetDepartures } from '../../server/src/settings/settings.ts';
import { SqliteRunStore } from '../../server/src/store/writer/sqliteRunStore.ts';
import { PROTOCOL_VERSION } from '../../server/protocol/version.ts';

/** Sums the time in which at least one call is under way. */
class Meter {
  busyMs = 0;
  #underWay = 0;
  #since = 0;

  begin(): void {
    if (this.#underWay === 0) this.#since = performance.now();
    this.#underWay += 1;
  }

  end(): void {
    this.#underWay -= 1;
    if (this.#underWay === 0) this.busyMs += performance.now() - this.#since;
  }
}

/** `target` with every call of a method metered until it has returned or its promise has settled. */
function metered<Target extends object>(target: Target, meter: Meter): Target {
  return new Proxy(target, {
    get(object, name) {
      const member: unknown = Reflect.get(object, name);
      if (typeof member !== 'function') return member;
      return (...words: unknown[]): unknown => {
        meter.begin();
        let isPending = false;
        try {
          const result: unknown = Reflect.apply(member, object, words);
          if (!(result instanceof Promise)) return result;
          isPending = true;
          return result.finally(() => {
            meter.end();
          });
        } finally {
          if (!isPending) meter.end();
        }
      };
    },
  });
}

interface StepTimes {
  readonly step: number;
  readonly wallMs: number;
  readonly ownMs: number;
}

/** Prints wall and own time of `steps` steps of the preset `studio`, and the share over all. */
export async function measureOwnTime(steps: number): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'azr-own-time-'));
  const prepared = await prepareNewRun([{ steps, seed: 3 }], 'the measurement of own time');
  const run = createRunFolder(path.join(folder, 'run'));
  const meter = new Meter();
  const times: StepTimes[] = [];
  const signal = new AbortController().signal;
  const { settings, dialect } = prepared;
  const grader = await openGrader(settings);
  const heldOut = await inspectHeldOut(grader.grader, prepared.heldOut, signal);
  const engine = await openEngine(prepared, run, signal);
  const store = SqliteRunStore.create(run.database, {
    createdAt: new Date().toISOString(),
    protocolVersion: PROTOCOL_VERSION,
    settings,
    departures: presetDepartures(settings),
    dialect: 'compact',
    modelDigest: '',
  });
  let before = { atMs: performance.now(), busyMs: 0 };
  try {
    await runLoop(
      {
        ...{ engine: metered(engine, meter), grader: metered(grader.grader, meter) },
        ...{ store, settings, heldOut, dialect, asking: askingIn(dialect) },
        clock: { now: () => Date.now() },
        listener: (event) => {
          if (event.kind !== 'step') return;
          const now = { atMs: performance.now(), busyMs: meter.busyMs };
          const wallMs = now.atMs - before.atMs;
          times.push({ step: event.step, wallMs, ownMs: wallMs - (now.busyMs - before.busyMs) });
          before = now;
        },
      },
      { stopAfterStep: () => false, signal },
    );
  } finally {
    await engine.close();
    await grader.close();
    store.close();
    rmSync(folder, { recursive: true, force: true });
  }
  print(times);
}

function print(times: readonly StepTimes[]): void {
  console.log('| step | wall ms | own ms | own share |');
  console.log('| ---: | ---: | ---: | ---: |');
  const row = (name: string, { wallMs, ownMs }: Pick<StepTimes, 'wallMs' | 'ownMs'>): void => {
    const share = `${((100 * ownMs) / wallMs).toFixed(2)} %`;
    console.log(`| ${name} | ${wallMs.toFixed(0)} | ${ownMs.toFixed(1)} | ${share} |`);
  };
  for (const time of times) row(time.step === 0 ? 'seeding' : String(time.step), time);
  const sum = (name: 'wallMs' | 'ownMs'): number =>
    times.reduce((total, time) => total + time[name], 0);
  row('all', { wallMs: sum('wallMs'), ownMs: sum('ownMs') });
}
