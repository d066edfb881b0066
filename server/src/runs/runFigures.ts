/** The few numbers of a run that every list shows, read so that a long run costs no more than a short one. */
import type { MetricRecord } from '../../protocol/records.ts';
import type { RunOverview } from '../../protocol/runs.ts';
import { MODES } from '../../protocol/vocabulary.ts';
import type { RunInformation } from '../store/rows/runInformation.ts';
import type { RunReader } from '../store/runReader.ts';

/** Steps that speeds are measured over. */
const RECENT_STEPS = 10;

type ShownFigures = Pick<
  RunOverview,
  | 'createdAt'
  | 'preset'
  | 'model'
  | 'seed'
  | 'lastStep'
  | 'steps'
  | 'taskCount'
  | 'proposalCount'
  | 'sequence'
  | 'lastDiscard'
  | 'solveRate'
  | 'heldOutBefore'
  | 'heldOutAfter'
>;

export interface RunFigures {
  /** What every list shows. */
  readonly shown: ShownFigures;
  /** The policy after the last step is kept: nothing would be done again. */
  readonly isLastStepKept: boolean;
  readonly tokensPerSecond?: number;
  /** Mean duration of the recent steps. */
  readonly stepMs?: number;
}

export class RunFiguresReader {
  readonly #reader: RunReader;
  #information: RunInformation | undefined;
  #figures: RunFigures | undefined;
  #heldOutTasks: number | undefined;
  #lastDiscard: number | undefined;

  constructor(reader: RunReader) {
    this.#reader = reader;
  }

  /** The figures as they are now. Throws like the reader. */
  read(): RunFigures {
    const sequence = this.#reader.sequence();
    const known = this.#figures?.shown;
    if (this.#figures === undefined || known?.sequence !== sequence) {
      this.#figures = this.#readAll(sequence);
    }
    return this.#figures;
  }

  #readAll(sequence: number): RunFigures {
    this.#information ??= this.#reader.information();
    const { createdAt, settings } = this.#information;
    const { lastStep, lastTaskId, lastProposalId } = this.#reader.counters();
    // They are all stored in step 0, or none is.
    if (lastStep >= 0) this.#heldOutTasks ??= this.#reader.heldOutCount();
    const heldOutTasks = this.#heldOutTasks ?? 0;
    const known = this.#figures?.shown.sequence ?? 0;
    this.#lastDiscard = this.#reader.lastDiscardAfter(known) ?? this.#lastDiscard;
    const metrics = lastStep < 0 ? [] : this.#reader.metricsOfStep(lastStep);
    const { first: before, last: after } = this.#reader.metricEnds('probe.greedy.mean');
    const solveRate = meanSolveRate(metrics);
    return {
      shown: {
        createdAt,
        preset: settings.preset,
        model: settings.model,
        seed: settings.seed,
        steps: settings.steps,
        lastStep,
        // Identifiers count from 1 without gaps, so the last one is how many there are.
        taskCount: lastTaskId - heldOutTasks,
        proposalCount: lastProposalId,
        sequence,
        ...(this.#lastDiscard !== undefined && { lastDiscard: this.#lastDiscard }),
        ...(solveRate !== undefined && { solveRate }),
        ...(before !== undefined && { heldOutBefore: before }),
        ...(after !== undefined && { heldOutAfter: after }),
      },
      isLastStepKept: this.#reader.checkpoints().at(-1)?.step === lastStep,
      ...this.#readSpeed(lastStep),
    };
  }

  #readSpeed(lastStep: number): Pick<RunFigures, 'tokensPerSecond' | 'stepMs'> {
    // The seeding is not a step like the others.
    const steps = this.#reader.steps(Math.max(0, lastStep - RECENT_STEPS), RECENT_STEPS);
    const durationMs = steps.reduce((sum, step) => sum + step.durationMs, 0);
    if (durationMs === 0) return {};
    const tokens = steps
      .flatMap(({ step }) => this.#reader.metricsOfStep(step))
      .filter(({ name }) => name === 'tokens.generated')
      .reduce((sum, { value }) => sum + value, 0);
    return { tokensPerSecond: (tokens / durationMs) * 1000, stepMs: durationMs / steps.length };
  }
}

function meanSolveRate(metrics: readonly MetricRecord[]): number | undefined {
  const rates = MODES.flatMap((mode) => valueOf(metrics, `solver.${mode}.solveRate`) ?? []);
  return rates.length === 0 ? undefined : rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
}

function valueOf(metrics: readonly MetricRecord[], wanted: string): number | undefined {
  const value = metrics.find(({ name }) => name === wanted)?.value;
  return Number.isFinite(value) ? value : undefined;
}
