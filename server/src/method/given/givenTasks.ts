/** Tasks that nobody proposes: those of a file or of a generator, shared out among the steps of a run. */
import type { HeldOutTask, InspectedTask } from '../../../protocol/heldOut.ts';
import { MODES, type Mode } from '../../../protocol/vocabulary.ts';
import { RandomStream } from '../randomStream.ts';

/** A task as its source wrote it, or one that was executed before the run began. */
export type GivenTask = HeldOutTask | InspectedTask;

/** Whether the task was executed, and found right, before the run began. */
export function isInspected(task: GivenTask): task is InspectedTask {
  return 'structure' in task;
}

/**
 * Each mode has an order of its own, drawn by lot and again for every epoch. Nothing is remembered between
 * steps: a run that is resumed takes the tasks that it would have taken.
 */
export class GivenTasks {
  readonly #byMode: ReadonlyMap<Mode, readonly GivenTask[]>;
  readonly #seed: number;
  readonly #orders = new Map<Mode, { readonly epoch: number; readonly tasks: GivenTask[] }>();

  constructor(tasks: readonly GivenTask[], seed: number) {
    this.#byMode = new Map(MODES.map((mode) => [mode, tasks.filter((task) => task.mode === mode)]));
    this.#seed = seed;
  }

  /**
   * The tasks of `mode` for `step`, which counts from 1: `count` different ones, or fewer where there are no
   * more. One epoch follows the other without a gap.
   */
  next(mode: Mode, step: number, count: number): readonly GivenTask[] {
    const total = this.#byMode.get(mode)!.length;
    const wanted = Math.min(count, total);
    const first = (step - 1) * wanted;
    const taken = new Set<GivenTask>();
    for (let place = first; place < first + wanted; place += 1) {
      // What ends one epoch may begin the next: it is taken once.
      taken.add(this.#order(mode, Math.floor(place / total))[place % total]!);
    }
    return [...taken];
  }

  #order(mode: Mode, epoch: number): readonly GivenTask[] {
    const known = this.#orders.get(mode);
    if (known?.epoch === epoch) return known.tasks;
    const all = this.#byMode.get(mode)!;
    const random = new RandomStream(this.#seed, 'given tasks', mode, epoch);
    const order = { epoch, tasks: random.sample(all, all.length) };
    this.#orders.set(mode, order);
    return order.tasks;
  }
}
