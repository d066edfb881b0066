/** A run's store in memory. Rows are copied on commit, so that a later change of a draft would show. */
import type {
  AttemptRecord,
  GoldDocumentRecord,
  HarvestRecord,
  RunCounters,
  RunStore,
  StepRecord,
  TaskRecord,
} from '../../server/protocol/records.ts';

export class MemoryStore implements RunStore {
  readonly checkpoints: { readonly step: number; readonly path: string }[] = [];
  #steps: StepRecord[];

  constructor(steps: readonly StepRecord[] = []) {
    this.#steps = structuredClone([...steps]);
  }

  get steps(): readonly StepRecord[] {
    return this.#steps;
  }

  counters(): RunCounters {
    const last = <Row>(rows: readonly Row[], key: (row: Row) => number) =>
      rows.reduce((largest, row) => Math.max(largest, key(row)), 0);
    const rollouts = this.#steps.flatMap((step) => step.rollouts);
    return {
      lastStep: this.#steps.at(-1)?.step ?? -1,
      lastTaskId: last(
        this.#steps.flatMap(({ tasks }) => tasks),
        ({ id }) => id,
      ),
      lastProposalId: last(
        this.#steps.flatMap(({ proposals }) => proposals),
        ({ id }) => id,
      ),
      lastRolloutId: last(rollouts, ({ id }) => id),
      lastGroup: last(rollouts, ({ group }) => group),
    };
  }

  tasks(): TaskRecord[] {
    return this.#steps.flatMap((step) => step.tasks).filter(({ origin }) => origin !== 'held-out');
  }

  heldOutTasks(): TaskRecord[] {
    return this.#steps.flatMap((step) => step.tasks).filter(({ origin }) => origin === 'held-out');
  }

  attempts(): AttemptRecord[] {
    return this.#steps.flatMap((step) => step.attempts);
  }

  harvests(): HarvestRecord[] {
    return this.#steps.flatMap((step) => step.harvests);
  }

  goldDocuments(): GoldDocumentRecord[] {
    return this.#steps.flatMap((step) => step.goldDocuments);
  }

  commitStep(record: StepRecord): void {
    if (record.step !== this.counters().lastStep + 1) {
      throw new Error(`Step ${record.step} is not the next.`);
    }
    this.#steps.push(structuredClone(record));
  }

  recordCheckpoint(step: number, path: string): void {
    this.checkpoints.push({ step, path });
  }

  /** Forgets what came after `step`, as a resume from an older checkpoint does. */
  dropAfter(step: number): void {
    this.#steps = this.#steps.filter((record) => record.step <= step);
  }
}
