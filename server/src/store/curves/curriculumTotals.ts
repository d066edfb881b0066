/** Adds up the curriculum of many steps without making a list of anything. */
import type { Curriculum } from '../../../protocol/queries.ts';

type Stretch = Curriculum['stretches'][number];

/** One stretch while its steps are added. Blobs are as summaries hold them, little endian. */
export class CurriculumTotals {
  readonly #solveRateCounts: number[];
  readonly #templates = new IntegerSet();
  #tasks = 0;
  #rated = 0;
  #learnability = 0;
  #syntaxNodes = 0;

  /** @param estimationRollouts n of the solve rates, each of which is i of n */
  constructor(estimationRollouts: number) {
    this.#solveRateCounts = Array.from({ length: estimationRollouts + 1 }, () => 0);
  }

  add(tasks: number, learnability: number, syntaxNodes: number): void {
    this.#tasks += tasks;
    this.#learnability += learnability;
    this.#syntaxNodes += syntaxNodes;
  }

  /** @param blob Float32 each */
  addSolveRates(blob: Uint8Array): void {
    const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
    const counts = this.#solveRateCounts;
    const bins = counts.length - 1;
    for (let offset = 0; offset + 4 <= blob.byteLength; offset += 4) {
      const rate = Math.min(Math.max(view.getFloat32(offset, true), 0), 1);
      const bin = Math.round(rate * bins);
      counts[bin] = (counts[bin] ?? 0) + 1;
      this.#rated += 1;
    }
  }

  /** @param blob Int32 each */
  addTemplates(blob: Uint8Array): void {
    const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
    for (let offset = 0; offset + 4 <= blob.byteLength; offset += 4) {
      this.#templates.add(view.getInt32(offset, true));
    }
  }

  stretch(firstStep: number, lastStep: number): Stretch {
    return {
      firstStep,
      lastStep,
      solveRateCounts: this.#solveRateCounts,
      meanLearnability: this.#rated === 0 ? null : this.#learnability / this.#rated,
      meanSyntaxNodes: this.#tasks === 0 ? null : this.#syntaxNodes / this.#tasks,
      distinctTemplates: this.#templates.size,
    };
  }
}

/** A set of 32-bit integers with open addressing: a fifth of the time that a Set takes for a million. */
class IntegerSet {
  #slots = new Int32Array(1024);
  #used = 0;
  /** 0 marks an empty slot, so it is counted apart. */
  #hasZero = false;

  get size(): number {
    return this.#used + (this.#hasZero ? 1 : 0);
  }

  add(value: number): void {
    if (value === 0) {
      this.#hasZero = true;
      return;
    }
    if (this.#used * 2 >= this.#slots.length) this.#grow();
    if (insert(this.#slots, value)) this.#used += 1;
  }

  #grow(): void {
    const larger = new Int32Array(this.#slots.length * 2);
    for (const value of this.#slots) if (value !== 0) insert(larger, value);
    this.#slots = larger;
  }
}

/** Whether `value` was not among `slots` yet; their number is a power of two, and one is empty. */
function insert(slots: Int32Array, value: number): boolean {
  const mask = slots.length - 1;
  // Values are digests already; the multiplication protects from ones that were chosen.
  let place = (Math.imul(value, 0x9e3779b1) >>> 7) & mask;
  for (;;) {
    const found = slots[place];
    if (found === value) return false;
    if (found === 0) break;
    place = (place + 1) & mask;
  }
  slots[place] = value;
  return true;
}
