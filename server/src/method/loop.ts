/** The run: seeding, then steps until the last one or until somebody asks to stop. */
import type {
  AttemptRecord,
  HarvestRecord,
  RunStore,
  StepRecord,
  TaskRecord,
} from '../../protocol/records.ts';
import type { LoopDependencies } from './context.ts';
import { GoldMemory } from './interpreter/goldMemory.ts';
import { runSeeding } from './seeding.ts';
import { runStep } from './step.ts';
import { TaskMemory } from './memory/taskMemory.ts';

export interface LoopControl {
  /** Asked after every step; true ends the run there, cleanly. */
  stopAfterStep(): boolean;
  /** Asked after every step but the last; true saves a checkpoint and then waits for `resumed`. */
  pauseAfterStep?(): boolean;
  /** Settles when a paused run is to go on, also when it is to go on only in order to stop. */
  resumed?(): Promise<void>;
  /** Awaited before every step: true when there is what it needs, false when the run is to stop instead. */
  beforeStep?(): Promise<boolean>;
  /** Ends the run at once; the step under way leaves no trace. */
  readonly signal: AbortSignal;
}

export interface LoopOutcome {
  readonly reason: 'steps' | 'stopped';
  readonly lastStep: number;
}

/**
 * Runs from where the store ends to `settings.steps`. The engine must hold the policy of the
 * store's last step. Rejects with a ProblemError that carries a remedy.
 */
export async function runLoop(
  dependencies: LoopDependencies,
  control: LoopControl,
): Promise<LoopOutcome> {
  try {
    return await runSteps(dependencies, control);
  } catch (error) {
    if (control.signal.aborted) {
      return { reason: 'stopped', lastStep: dependencies.store.counters().lastStep };
    }
    throw error;
  }
}

async function runSteps(
  dependencies: LoopDependencies,
  control: LoopControl,
): Promise<LoopOutcome> {
  const { dialect, grader, settings, store, heldOut } = dependencies;
  const { signal } = control;
  const memory = new TaskMemory(settings, heldOut.structures);
  const gold = new GoldMemory({
    heldOut: heldOut.structures,
    zeroProgram: dialect.zeroTriplet.program,
    signature: (input) => grader.signature(input),
  });
  rebuild(memory, gold, store);
  if (store.counters().lastStep < 0) {
    if ((await control.beforeStep?.()) === false) return { reason: 'stopped', lastStep: -1 };
    await commit(dependencies, await runSeeding(dependencies, memory, gold, signal));
    // The seeding needs no checkpoint: the policy after it is still the untrained one.
    if (control.pauseAfterStep?.() === true) {
      await control.resumed?.();
    }
    if (control.stopAfterStep()) {
      return { reason: 'stopped', lastStep: 0 };
    }
  }
  for (let step = store.counters().lastStep + 1; step <= settings.steps; step += 1) {
    if ((await control.beforeStep?.()) === false) return { reason: 'stopped', lastStep: step - 1 };
    signal.throwIfAborted();
    await commit(dependencies, await runStep(dependencies, memory, gold, step, signal));
    const isLast = step === settings.steps;
    const stopping = control.stopAfterStep();
    const pausing = !isLast && control.pauseAfterStep?.() === true;
    if (stopping || pausing || isLast || step % settings.checkpointEverySteps === 0) {
      await saveCheckpoint(dependencies, step, signal);
    }
    if (pausing && !stopping) {
      await control.resumed?.();
    }
    if (stopping || (pausing && control.stopAfterStep())) {
      return { reason: 'stopped', lastStep: step };
    }
  }
  return { reason: 'steps', lastStep: settings.steps };
}

/** Everything that is remembered between steps, in the order in which it came about. */
function rebuild(memory: TaskMemory, gold: GoldMemory, store: RunStore): void {
  const tasks = new Map<number, TaskRecord>();
  const attempts = new Upcoming(store.attempts());
  const harvests = new Upcoming(store.harvests());
  const attempted = (attempt: AttemptRecord) => {
    const task = tasks.get(attempt.taskId);
    if (task) memory.rememberAttempt(task, attempt);
  };
  const harvested = (harvest: HarvestRecord) => {
    gold.rememberHarvest(harvest);
  };
  for (const task of store.tasks()) {
    tasks.set(task.id, task);
    // A step tries earlier tasks before it remembers its own, and harvests afterwards.
    attempts.upTo(task.step, attempted);
    harvests.upTo(task.step - 1, harvested);
    memory.remember(task);
    gold.rememberTask(task);
  }
  attempts.upTo(Infinity, attempted);
  harvests.upTo(Infinity, harvested);
  for (const document of store.goldDocuments()) {
    gold.rememberDocument(document);
  }
}

/** Rows in order of their steps, taken step by step. */
class Upcoming<Row extends { readonly step: number }> {
  readonly #rows: Row[];
  #next = 0;

  constructor(rows: Iterable<Row>) {
    this.#rows = [...rows];
  }

  /** Takes what is left of the steps up to `step`. */
  upTo(step: number, take: (row: Row) => void): void {
    for (
      ;
      this.#next < this.#rows.length && this.#rows[this.#next]!.step <= step;
      this.#next += 1
    ) {
      take(this.#rows[this.#next]!);
    }
  }
}

/** Rows first, announcement second: nothing is shown that is not stored. */
async function commit({ listener, store }: LoopDependencies, record: StepRecord): Promise<void> {
  await store.commitStep(record);
  const metric = (name: string) =>
    record.metrics.find((candidate) => candidate.name === name)?.value ?? 0;
  listener({
    kind: 'step',
    step: record.step,
    durationMs: record.durationMs,
    generatedTokens: metric('tokens.generated'),
    trainedTokens: metric('tokens.trained'),
    metrics: record.metrics,
  });
}

async function saveCheckpoint(
  { engine, listener, store }: LoopDependencies,
  step: number,
  signal: AbortSignal,
): Promise<void> {
  listener({ kind: 'phase', step, phase: 'checkpoint', done: 0, total: 1 });
  const path = await engine.saveCheckpoint(`step-${String(step).padStart(6, '0')}`, signal);
  await store.recordCheckpoint(step, path);
}
