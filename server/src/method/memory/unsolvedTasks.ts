/** Tasks that no attempt has solved yet: they hold what the policy does not know, and are tried again. */
import type { TaskRecord } from '../../../protocol/records.ts';
import type { RandomStream } from '../randomStream.ts';
import { drawWeighted } from './weightedDraw.ts';

interface Unsolved {
  readonly task: TaskRecord;
  /** Groups of attempts so far, none of which had a right answer. */
  groups: number;
}

export class UnsolvedTasks {
  readonly #capacity: number;
  /** By identity, oldest first. */
  readonly #tasks = new Map<string, Unsolved>();

  /** @param capacity beyond it the oldest are given up */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#tasks.size;
  }

  all(): TaskRecord[] {
    return [...this.#tasks.values()].map(({ task }) => task);
  }

  has(identity: string): boolean {
    return this.#tasks.has(identity);
  }

  /** Notes a group of attempts without a right answer. */
  failed(identity: string, task: TaskRecord): void {
    const known = this.#tasks.get(identity);
    if (known !== undefined) {
      known.groups += 1;
      return;
    }
    this.#tasks.set(identity, { task, groups: 1 });
    const [oldest] = this.#tasks.keys();
    if (this.#tasks.size > this.#capacity && oldest !== undefined) this.#tasks.delete(oldest);
  }

  solved(identity: string): void {
    this.#tasks.delete(identity);
  }

  /** Up to `count` different tasks, rather those that were tried less often: weight 1/groups. */
  sample(count: number, random: RandomStream): TaskRecord[] {
    const entries = [...this.#tasks.values()];
    return drawWeighted(entries, ({ groups }) => 1 / groups, count, random).map(({ task }) => task);
  }
}
