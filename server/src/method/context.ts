/** What the loop works with; every member is an interface, so the whole loop runs against scripted ones in tests. */
import type { Engine } from '../../protocol/engine.ts';
import type { RunListener } from '../../protocol/events.ts';
import type { HeldOutSet } from '../../protocol/heldOut.ts';
import type { RunStore } from '../../protocol/records.ts';
import type { Grader } from '../../protocol/sandbox.ts';
import type { RunSettings } from '../../protocol/settings.ts';
import type { Asking } from './asking.ts';
import type { Dialect } from './dialects/dialect.ts';
import type { Evaluator } from './evaluator.ts';
import type { Experiment } from './experiment.ts';
import type { GivenTasks } from './given/givenTasks.ts';

/** What it takes to ask a model and to judge its answers. */
export interface AskingDependencies {
  readonly engine: Pick<Engine, 'description' | 'encode' | 'decode' | 'encodeChat' | 'sample'>;
  readonly grader: Grader;
  readonly settings: RunSettings;
  readonly asking: Asking;
  readonly clock: { now(): number };
  readonly listener: RunListener;
}

export interface LoopDependencies extends AskingDependencies {
  readonly engine: Engine;
  readonly store: RunStore;
  readonly heldOut: HeldOutSet;
  readonly dialect: Dialect;
  /** Tasks that stand in the place of a proposer's. */
  readonly given?: GivenTasks;
  /** Asks benchmarks of the policy now and then. */
  readonly evaluator?: Evaluator;
  readonly experiment?: Experiment;
}
