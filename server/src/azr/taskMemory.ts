/** Everything the loop remembers between steps, rebuilt from the stored tasks alone. */
import { createHash } from 'node:crypto';

import type { TaskRecord } from '../../protocol/records.ts';
import type { ValidProposal } from '../../protocol/sandbox.ts';
import type { RunSettings } from '../../protocol/settings.ts';
import { MODES, type Mode } from '../../protocol/vocabulary.ts';
import { RandomStream } from './randomStream.ts';
import { TaskBuffer } from './taskBuffer.ts';

export class TaskMemory {
  readonly #settings: RunSettings;
  readonly #buffers: ReadonlyMap<Mode, TaskBuffer>;
  readonly #known = new Set<string>();
  readonly #programs = new Set<string>();
  readonly #templates = new Set<string>();
  readonly #heldOut: ReadonlySet<string>;

  /** @param heldOutStructures structure digests of the probe's programs, which must never be trained on */
  constructor(settings: RunSettings, heldOutStructures: ReadonlySet<string>) {
    this.#settings = settings;
    this.#heldOut = heldOutStructures;
    const options = { capacity: settings.bufferCapacity, policy: settings.bufferPolicy };
    this.#buffers = new Map(MODES.map((mode) => [mode, new TaskBuffer(options)]));
  }

  buffer(mode: Mode): TaskBuffer {
    return this.#buffers.get(mode)!;
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
    this.#known.add(identity(task.mode, task));
    this.#programs.add(task.structure);
    this.#templates.add(task.template);
    if (this.passesGate(task)) {
      this.buffer(task.mode).add(task, new RandomStream(this.#settings.seed, 'buffer', task.id));
    }
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

  /** Whether an equal task was accepted before in this run, whatever became of it. */
  isKnown(mode: Mode, proposal: ValidProposal): boolean {
    return this.#settings.deduplicate === 'structural' && this.#known.has(identity(mode, proposal));
  }

  isHeldOut(proposal: ValidProposal): boolean {
    return this.#heldOut.has(proposal.structure);
  }

  /** Notes a task of the current step before its solve rate is known, so that the step repeats none of its own. */
  reserve(mode: Mode, proposal: ValidProposal): void {
    this.#known.add(identity(mode, proposal));
  }
}

/**
 * A digest, since a run remembers one for every task it ever accepted: of 132 bits, so that two tasks
 * of one run never share one by chance. The order of an induction task's inputs tells none apart: which
 * of them are shown is drawn by lot.
 */
function identity(mode: Mode, task: Pick<ValidProposal, 'structure' | 'examples'>): string {
  const content = [mode, task.structure, ...task.examples.map(({ input }) => input).sort()];
  return createHash('sha256').update(JSON.stringify(content)).digest('base64').slice(0, 22);
}
