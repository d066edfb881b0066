/** Collects the rows of one step and numbers them; committed as one record at the step's end. */
import type { Phase } from '../../protocol/events.ts';
import type { InspectedTask } from '../../protocol/heldOut.ts';
import type {
  AttemptRecord,
  BaselineRecord,
  GoldDocumentRecord,
  HarvestRecord,
  MetricRecord,
  ProposalRecord,
  RolloutRecord,
  RunCounters,
  StepRecord,
  TaskRecord,
} from '../../protocol/records.ts';
import type { Mode, RejectionReason } from '../../protocol/vocabulary.ts';

type Mutable<Row> = { -readonly [Key in keyof Row]: Row[Key] };

/** A rollout until its reward and advantage are known. */
export type RolloutDraft = Mutable<RolloutRecord>;
export type TaskDraft = Mutable<TaskRecord>;

export class Ledger {
  readonly step: number;
  readonly #startedAtMs: number;
  #lastTaskId: number;
  #lastProposalId: number;
  #lastRolloutId: number;
  #lastGroup: number;
  readonly proposals: ProposalRecord[] = [];
  /** Proposals that were never asked for; counted, but no rows. */
  readonly skipped: { readonly mode: Mode; readonly reason: RejectionReason }[] = [];
  readonly tasks: TaskDraft[] = [];
  readonly rollouts: RolloutDraft[] = [];
  readonly baselines: BaselineRecord[] = [];
  readonly attempts: AttemptRecord[] = [];
  readonly harvests: HarvestRecord[] = [];
  readonly goldDocuments: GoldDocumentRecord[] = [];
  readonly metrics: MetricRecord[] = [];
  readonly #phaseDurationsMs = new Map<Phase, number>();
  #phase: { readonly name: Phase; readonly sinceMs: number } | undefined;

  constructor(step: number, counters: RunCounters, startedAtMs: number) {
    this.step = step;
    this.#startedAtMs = startedAtMs;
    this.#lastTaskId = counters.lastTaskId;
    this.#lastProposalId = counters.lastProposalId;
    this.#lastRolloutId = counters.lastRolloutId;
    this.#lastGroup = counters.lastGroup;
  }

  nextGroup(): number {
    this.#lastGroup += 1;
    return this.#lastGroup;
  }

  addTask(task: Omit<TaskRecord, 'id' | 'step'>): TaskDraft {
    this.#lastTaskId += 1;
    const row = { ...task, id: this.#lastTaskId, step: this.step };
    this.tasks.push(row);
    return row;
  }

  /** Adds tasks that measure and are never trained on. */
  addHeldOutTasks(tasks: readonly InspectedTask[]): TaskDraft[] {
    return tasks.map((task) => this.addTask({ ...task, origin: 'held-out', parentTaskIds: [] }));
  }

  addProposal(proposal: Omit<ProposalRecord, 'id' | 'step'>): void {
    this.#lastProposalId += 1;
    this.proposals.push({ ...proposal, id: this.#lastProposalId, step: this.step });
  }

  skipProposal(mode: Mode, reason: RejectionReason): void {
    this.skipped.push({ mode, reason });
  }

  addRollout(rollout: Omit<RolloutRecord, 'id' | 'step'>): RolloutDraft {
    this.#lastRolloutId += 1;
    const row = { ...rollout, id: this.#lastRolloutId, step: this.step };
    this.rollouts.push(row);
    return row;
  }

  /** Notes a measurement; one that could not be made (0/0) is left out rather than stored as a number. */
  addMetric(name: string, value: number): void {
    if (Number.isFinite(value)) {
      this.metrics.push({ step: this.step, name, value });
    }
  }

  /** Notes that work on `phase` begins; what was under way before ends there. */
  enterPhase(phase: Phase, nowMs: number): void {
    this.#leavePhase(nowMs);
    this.#phase = { name: phase, sinceMs: nowMs };
  }

  close(nowMs: number): StepRecord {
    this.#leavePhase(nowMs);
    for (const [phase, durationMs] of this.#phaseDurationsMs) {
      this.addMetric(`phase.${phase}.durationMs`, durationMs);
    }
    return {
      step: this.step,
      startedAt: new Date(this.#startedAtMs).toISOString(),
      durationMs: Math.max(0, nowMs - this.#startedAtMs),
      proposals: this.proposals,
      tasks: this.tasks,
      rollouts: this.rollouts,
      baselines: this.baselines,
      attempts: this.attempts,
      harvests: this.harvests,
      goldDocuments: this.goldDocuments,
      metrics: this.metrics,
    };
  }

  /** A step comes back to a phase, as to `solve` for replays; its durations add up. */
  #leavePhase(nowMs: number): void {
    if (this.#phase === undefined) return;
    const { name, sinceMs } = this.#phase;
    const before = this.#phaseDurationsMs.get(name) ?? 0;
    // The clock of a machine may be set back in the middle of a phase.
    this.#phaseDurationsMs.set(name, before + Math.max(0, nowMs - sinceMs));
    this.#phase = undefined;
  }
}
