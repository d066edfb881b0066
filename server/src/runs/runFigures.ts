/** The few numbers of a run that every list shows, read so that a long run costs no more than a short one. */
import { PACE_STEPS, type Pace, paceOf } from './pace.ts';
import type { EvaluationPlan } from '../../protocol/evaluation.ts';
import type { MetricRecord } from '../../protocol/records.ts';
import type { RunOverview } from '../../protocol/runs.ts';
import { MODES } from '../../protocol/vocabulary.ts';
import type { RunInformation } from '../store/rows/runInformation.ts';
import type { RunReader } from '../store/runReader.ts';

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
  | 'evaluation'
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
    const { createdAt, settings, evaluation } = this.#information;
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
        steps: evaluation === undefined ? settings.steps : evaluation.subjects.length - 1,
        lastStep,
        ...(evaluation !== undefined && { evaluation: shownEvaluation(evaluation) }),
        // Identifiers count from 1 without gaps, so the last one is how many there are.
        taskCount: lastTaskId - heldOutTasks,
        proposalCount: lastProposalId,
        sequence,
        ...(this.#lastDiscard !== undefined && { lastDiscard: this.#lastDiscard }),
        ...(solveRate !== undefined && { solveRate }),
        ...(before !== undefined && { heldOutBefore: before }),
        ...(after !== undefined && { heldOutAfter: after }),
      },
      // An evaluation keeps no policy.
      isLastStepKept:
        evaluation !== undefined || this.#reader.checkpoints().at(-1)?.step === lastStep,
      ...this.#readPace(lastStep),
    };
  }

  #readPace(lastStep: number): Partial<Pace> {
    const steps = this.#reader.steps(Math.max(0, lastStep - PACE_STEPS), PACE_STEPS);
    const paced = steps.map(({ step, durationMs }) => {
      const metrics = this.#reader.metricsOfStep(step);
      return { durationMs, generatedTokens: valueOf(metrics, 'tokens.generated') ?? 0 };
    });
    return paceOf(paced) ?? {};
  }
}

/** A file from elsewhere may have labels of any length. */
const LABEL_CHARACTERS = 200;

function shownEvaluation({
  suite,
  subjects,
}: EvaluationPlan): NonNullable<RunOverview['evaluation']> {
  return {
    suite: suite.slice(0, LABEL_CHARACTERS),
    subjects: subjects.map(({ label }) => label.slice(0, LABEL_CHARACTERS)),
  };
}

function meanSolveRate(metrics: readonly MetricRecord[]): number | undefined {
  const rates = MODES.flatMap((mode) => valueOf(metrics, `solver.${mode}.solveRate`) ?? []);
  return rates.length === 0 ? undefined : rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
}

function valueOf(metrics: readonly MetricRecord[], wanted: string): number | undefined {
  const value = metrics.find(({ name }) => name === wanted)?.value;
  return Number.isFinite(value) ? value : undefined;
}
