/** What the loop works with; every member is an interface, so the whole loop runs against scripted ones in tests. */
import type { Engine } from '../../protocol/engine.ts';
import type { RunListener } from '../../protocol/events.ts';
import type { HeldOutSet } from '../../protocol/heldOut.ts';
import type { RunStore } from '../../protocol/records.ts';
import type { Grader } from '../../protocol/sandbox.ts';
import type { RunSettings } from '../../protocol/settings.ts';
import type { Dialect } from './dialects/dialect.ts';
import type { Experiment } from './experiment.ts';

export interface LoopDependencies {
  readonly engine: Engine;
  readonly grader: Grader;
  readonly store: RunStore;
  readonly settings: RunSettings;
  readonly heldOut: HeldOutSet;
  readonly dialect: Dialect;
  readonly clock: { now(): number };
  readonly listener: RunListener;
  readonly experiment?: Experiment;
}
