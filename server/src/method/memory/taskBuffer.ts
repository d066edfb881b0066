/** The buffers of accepted tasks that references and induction programs are drawn from: paper section 3.3.2. */
import type { TaskRecord } from '../../../protocol/records.ts';
import type { RandomStream } from '../randomStream.ts';

export interface BufferOptions {
  readonly capacity: number;
  /**
   * What a full buffer gives up: its oldest task, or a random one so that it stays a uniform sample
   * of all tasks ever offered (reservoir sampling). It never freezes on its oldest tasks.
   */
  readonly policy: 'fifo' | 'reservoir';
}

export type ReferenceSampling = 'uniform' | 'template-balanced';

export class TaskBuffer {
  readonly #options: BufferOptions;
  /** A ring for `fifo`: the slot of offer number n is n modulo the capacity. */
  readonly #tasks: TaskRecord[] = [];
  readonly #byTemplate = new Map<string, Set<TaskRecord>>();
  #offered = 0;

  constructor(options: BufferOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#tasks.length;
  }

  get templates(): number {
    return this.#byTemplate.size;
  }

  all(): readonly TaskRecord[] {
    return this.#tasks;
  }

  /** @param random decides which task leaves a full reservoir; name it by the task's id so that a rebuild agrees */
  add(task: TaskRecord, random: RandomStream): void {
    this.#offered += 1;
    const slot = this.#slotFor(random);
    if (slot === undefined) {
      return;
    }
    const previous = this.#tasks[slot];
    if (previous) {
      this.#forget(previous);
    }
    this.#tasks[slot] = task;
    const sameTemplate = this.#byTemplate.get(task.template);
    if (sameTemplate) {
      sameTemplate.add(task);
    } else {
      this.#byTemplate.set(task.template, new Set([task]));
    }
  }

  /** Up to `count` different tasks. */
  sample(count: number, sampling: ReferenceSampling, random: RandomStream): TaskRecord[] {
    if (sampling === 'uniform') {
      return random.sample(this.#tasks, count);
    }
    const templates = random.sample([...this.#byTemplate.values()], count);
    const chosen = templates.map((tasks) => random.pick([...tasks])!);
    if (chosen.length === count) {
      return chosen;
    }
    // With fewer templates than tasks asked for, the rest are any other tasks.
    const rest = this.#tasks.filter((task) => !chosen.includes(task));
    return [...chosen, ...random.sample(rest, count - chosen.length)];
  }

  #slotFor(random: RandomStream): number | undefined {
    const { capacity, policy } = this.#options;
    if (this.#tasks.length < capacity) {
      return this.#tasks.length;
    }
    if (policy === 'fifo') {
      return (this.#offered - 1) % capacity;
    }
    const slot = random.integer(this.#offered);
    return slot < capacity ? slot : undefined;
  }

  #forget(task: TaskRecord): void {
    const sameTemplate = this.#byTemplate.get(task.template);
    sameTemplate?.delete(task);
    if (sameTemplate?.size === 0) {
      this.#byTemplate.delete(task.template);
    }
  }
}
