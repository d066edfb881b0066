/** Everything the loop remembers of tasks between steps, rebuilt from stored tasks and attempts alone. */
import { createHash } from 'node:crypto';

import type { AttemptRecord, TaskRecord } from '../../../protocol/records.ts';
import type { ValidProposal } from '../../../protocol/sandbox.ts';
import type { RunSettings } from '../../../protocol/settings.ts';
import { MODES, type Mode } from '../../../protocol/vocabulary.ts';
import { RandomStream } from '../randomStream.ts';
import { TaskBuffer } from './taskBuffer.ts';
import { UnsolvedTasks } from './unsolvedTasks.ts';
import { drawWeighted } from './weightedDraw.ts';

/** Solve rate of a task that was never measured, as a seed's: as uncertain as can be. */
const UNKNOWN_RATE = 0.5;

/** A task that was tried again, and how often that went well. */
export interface Attempt {
  readonly task: TaskRecord;
  readonly solveRate: number;
}

export class TaskMemory {
  readonly #settings: RunSettings;
  readonly #buffers: ReadonlyMap<Mode, TaskBuffer>;
  readonly #unsolved: ReadonlyMap<Mode, UnsolvedTasks>;
  /** Tasks that were accepted, by whether any attempt has solved them; seeds count as solved. */
  readonly #known = new Map<string, 'unsolved' | 'solved'>();
  /** Of the step under way. */
  readonly #reserved = new Set<string>();
  /** Of tasks that were tried again, by their id. */
  readonly #estimates = new Map<number, number>();
  readonly #programs = new Set<string>();
  readonly #templates = new Set<string>();
  readonly #heldOut: ReadonlySet<string>;
  /** Given tasks that have names, by mode and name. */
  readonly #given = new Map<string, TaskRecord>();

  /** @param heldOutStructures structure digests of the probe's programs, which must never be trained on */
  constructor(settings: RunSettings, heldOutStructures: ReadonlySet<string>) {
    this.#settings = settings;
    this.#heldOut = heldOutStructures;
    const { bufferCapacity: capacity, bufferPolicy: policy } = settings;
    this.#buffers = new Map(MODES.map((mode) => [mode, new TaskBuffer({ capacity, policy })]));
    this.#unsolved = new Map(MODES.map((mode) => [mode, new UnsolvedTasks(capacity)]));
  }

  buffer(mode: Mode): TaskBuffer {
    return this.#buffers.get(mode)!;
  }

  /** Tasks that were accepted and never solved since. */
  unsolved(mode: Mode): UnsolvedTasks {
    return this.#unsolved.get(mode)!;
  }

  /** Different programs among all tasks ever accepted, seeds included; a program may be in many tasks. */
  get programs(): number {
    return this.#programs.size;
  }

  /** The same for templates: programs that differ in their constants only are one. */
  get templates(): number {
    return this.#templates.size;
  }

  /** Remembers a task, and puts it into its mode's buffer if the gate lets it. */
  remember(task: TaskRecord): void {
    const key = identity(task.mode, task);
    this.#reserved.delete(key);
    if (task.structure !== '') {
      this.#programs.add(task.structure);
      this.#templates.add(task.template);
    }
    if (task.itemId !== undefined) this.#given.set(nameOf(task), task);
    this.#note(key, task, task.solveRate);
    if (this.passesGate(task)) this.#store(task);
  }

  /**
   * Remembers that an earlier task was tried again. One that was never solved before enters its mode's
   * buffer when it is.
   */
  rememberAttempt(task: TaskRecord, { solveRate, estimate }: AttemptRecord): void {
    const key = identity(task.mode, task);
    const wasUnsolved = this.unsolved(task.mode).has(key);
    this.#estimates.set(task.id, estimate);
    this.#note(key, task, solveRate);
    // Without the gate it is there since it was accepted.
    if (wasUnsolved && solveRate > 0 && this.#settings.learnabilityGate) this.#store(task);
  }

  /** Solve rate as it is estimated now; undefined for a seed that was never tried. */
  estimateOf(task: TaskRecord): number | undefined {
    return this.#estimates.get(task.id) ?? task.solveRate;
  }

  /** m·p + (1 − m)·r for an estimate p, the rate r of another group of attempts and m = `solveRateMemory`. */
  estimateAfter({ task, solveRate }: Attempt): number {
    const { solveRateMemory } = this.#settings;
    const before = this.estimateOf(task) ?? solveRate;
    return solveRateMemory * before + (1 - solveRateMemory) * solveRate;
  }

  /**
   * Up to `count` earlier tasks of a mode, each with the weight p(1 − p) + `replayFloor` of its present
   * estimate: what is solved sometimes teaches most.
   */
  sampleForReplay(mode: Mode, count: number, random: RandomStream): TaskRecord[] {
    const weightOf = (task: TaskRecord) => {
      const rate = this.estimateOf(task) ?? UNKNOWN_RATE;
      return rate * (1 - rate) + this.#settings.replayFloor;
    };
    return drawWeighted(this.buffer(mode).all(), weightOf, count, random);
  }

  /** Seeds have no solve rate and always pass; so does everything where the gate is off. */
  passesGate(task: Pick<TaskRecord, 'solveRate'>): boolean {
    const { solveRate } = task;
    return (
      !this.#settings.learnabilityGate ||
      solveRate === undefined ||
      (solveRate > 0 && solveRate < 1)
    );
  }

  /**
   * Whether an equal task was accepted before in this run. As long as none of them was solved, another
   * one is another attempt, and welcome; but one of a step is enough.
   */
  isKnown(mode: Mode, proposal: ValidProposal): boolean {
    if (this.#settings.deduplicate === 'none') return false;
    const key = identity(mode, proposal);
    return this.#reserved.has(key) || (this.#known.has(key) && !this.unsolved(mode).has(key));
  }

  /** The row of a task that a source gave in an earlier step; undefined for one without a name. */
  givenBefore(task: Pick<TaskRecord, 'mode' | 'itemId'>): TaskRecord | undefined {
    return task.itemId === undefined ? undefined : this.#given.get(nameOf(task));
  }

  isHeldOut({ structure }: Pick<ValidProposal, 'structure'>): boolean {
    return this.#heldOut.has(structure);
  }

  /** Notes a task of the current step before its solve rate is known, so that the step repeats none of its own. */
  reserve(mode: Mode, proposal: ValidProposal): void {
    this.#reserved.add(identity(mode, proposal));
  }

  /** @param solveRate of a group of attempts; undefined for a seed, which was never tried */
  #note(key: string, task: TaskRecord, solveRate: number | undefined): void {
    if (solveRate === 0 && this.#known.get(key) !== 'solved') {
      this.#known.set(key, 'unsolved');
      this.unsolved(task.mode).failed(key, task);
      return;
    }
    this.#known.set(key, 'solved');
    this.unsolved(task.mode).solved(key);
  }

  #store(task: TaskRecord): void {
    this.buffer(task.mode).add(task, new RandomStream(this.#settings.seed, 'buffer', task.id));
  }
}

/**
 * A digest, since a run remembers one for every task it ever accepted: of 132 bits, so that two tasks
 * of one run never share one by chance. The order of an induction task's inputs tells none apart: which
 * of them are shown is drawn by lot. Outputs do: an input can name parameters, which a structure does not.
 */
function identity(
  mode: Mode,
  task: Pick<ValidProposal, 'structure' | 'examples'> & Pick<TaskRecord, 'itemId'>,
): string {
  const pairs = task.examples.map(({ input, output }) => JSON.stringify([input, output])).sort();
  // Questions in words have no structure; they are told apart by their names.
  const content = [
    mode,
    task.structure,
    ...pairs,
    ...(task.itemId === undefined ? [] : [task.itemId]),
  ];
  return createHash('sha256').update(JSON.stringify(content)).digest('base64').slice(0, 22);
}

function nameOf({ mode, itemId }: Pick<TaskRecord, 'mode' | 'itemId'>): string {
  return JSON.stringify([mode, itemId]);
}
