/** The whole loop over the linear world. */
import type { RunEvent } from '../../server/protocol/events.ts';
import type { HeldOutTask } from '../../server/protocol/heldOut.ts';
import type { StepRecord } from '../../server/protocol/records.ts';
import type { RunSettings } from '../../server/protocol/settings.ts';
import type { LoopDependencies } from '../../server/src/method/context.ts';
import { compactDialect } from '../../server/src/method/dialects/compactDialect.ts';
import { askingIn } from '../../server/src/method/asking.ts';
import { inspectHeldOut } from '../../server/src/method/measuring/inspectHeldOut.ts';
import { runLoop, type LoopControl, type LoopOutcome } from '../../server/src/method/loop.ts';
import { linearGrader, linearPolicy } from './linearWorld.ts';
import { MemoryStore } from './memoryStore.ts';
import { toySettings } from './sampleTasks.ts';
import { ScriptedEngine } from './scriptedEngine.ts';

export interface LoopFixture {
  readonly engine: ScriptedEngine;
  readonly store: MemoryStore;
  readonly settings: RunSettings;
  readonly events: RunEvent[];
  readonly dependencies: LoopDependencies;
  run(control?: Partial<LoopControl>): Promise<LoopOutcome>;
}

export function loopFixture(
  parts: {
    readonly settings?: Partial<RunSettings>;
    readonly engine?: ScriptedEngine;
    readonly store?: MemoryStore;
    readonly heldOut?: readonly HeldOutTask[];
  } = {},
): LoopFixture {
  const engine = parts.engine ?? new ScriptedEngine(linearPolicy);
  const store = parts.store ?? new MemoryStore();
  const settings = toySettings(parts.settings);
  const events: RunEvent[] = [];
  let now = 0;
  const dependencies: LoopDependencies = {
    engine,
    grader: linearGrader,
    store,
    settings,
    heldOut: { tasks: [], structures: new Set() },
    dialect: compactDialect,
    asking: askingIn(compactDialect),
    clock: { now: () => (now += 1000) },
    listener: (event) => events.push(event),
  };
  return {
    engine,
    store,
    settings,
    events,
    dependencies,
    run: async (control = {}) => {
      const { signal } = new AbortController();
      const heldOut = await inspectHeldOut(linearGrader, parts.heldOut ?? [], signal);
      return runLoop(
        { ...dependencies, heldOut },
        { stopAfterStep: () => false, signal, ...control },
      );
    },
  };
}

/** A step without the times at which it happened. */
export function timeless(record: StepRecord): StepRecord {
  return { ...record, startedAt: '', durationMs: 0 };
}
