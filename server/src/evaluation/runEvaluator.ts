/** Benchmarks that are asked during a run: which are due, and how much of the run's time they may take. */
import type { Engine } from '../../protocol/engine.ts';
import type { RunListener } from '../../protocol/events.ts';
import type { RunSettings } from '../../protocol/settings.ts';
import type { EvaluatorOpener, OpenEvaluator } from '../run/run.ts';
import { benchmarksOf } from './benchmarkNames.ts';
import { SuiteEvaluation } from './suiteEvaluation.ts';

/** Opens what `evaluate` names; the evaluations lie beside the run, in folders of its name and the suite's. */
export const openRunEvaluator: EvaluatorOpener = async (
  prepared,
  run,
  lastStep,
  listener,
  signal,
) => {
  const benchmarks = benchmarksOf(prepared.settings.evaluate);
  if (benchmarks.length === 0) return undefined;
  const place = { prepared, run, isNew: lastStep < 0, listener, signal };
  const evaluations: SuiteEvaluation[] = [];
  try {
    for (const benchmark of benchmarks) {
      evaluations.push(await SuiteEvaluation.open(benchmark, place));
    }
  } catch (error) {
    for (const evaluation of evaluations) evaluation.close();
    throw error;
  }
  return new RunEvaluator(prepared.settings, evaluations, listener);
};

type EvaluatorSettings = Pick<RunSettings, 'evaluateEverySteps' | 'evaluateShare' | 'steps'>;

/** What {@link RunEvaluator} needs of an evaluation. */
export type AskedSuite = Pick<SuiteEvaluation, 'suite' | 'ask' | 'close'>;

export class RunEvaluator implements OpenEvaluator {
  readonly #settings: EvaluatorSettings;
  readonly #suites: readonly AskedSuite[];
  readonly #listener: RunListener;
  readonly #now: () => number;
  readonly #beganMs: number;
  /** Of this sitting. */
  #spentMs = 0;
  /** What each suite took the last time. */
  readonly #tookMs = new Map<AskedSuite, number>();
  #endedMs: number | undefined;
  #isTold = false;

  /** @param now a clock in milliseconds that never goes back */
  constructor(
    settings: EvaluatorSettings,
    suites: readonly AskedSuite[],
    listener: RunListener,
    now: () => number = () => performance.now(),
  ) {
    this.#settings = settings;
    this.#suites = suites;
    this.#listener = listener;
    this.#now = now;
    this.#beganMs = now();
  }

  async measure(
    step: number,
    engine: Engine,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, number>> {
    this.#tellCost();
    const rates = new Map<string, number>();
    for (const suite of this.#suites) {
      if (!this.#isDue(step, suite)) continue;
      const beganMs = this.#now();
      rates.set(`evaluate.${suite.suite}`, await suite.ask(step, engine, signal));
      const tookMs = this.#now() - beganMs;
      this.#tookMs.set(suite, tookMs);
      this.#spentMs += tookMs;
    }
    this.#endedMs = this.#now();
    return rates;
  }

  close(): Promise<void> {
    for (const suite of this.#suites) suite.close();
    return Promise.resolve();
  }

  /** The first and the last time are always due, so that there is something to compare. */
  #isDue(step: number, suite: AskedSuite): boolean {
    const { evaluateEverySteps, evaluateShare, steps } = this.#settings;
    if (step === 0 || step === steps) return true;
    if (step % evaluateEverySteps !== 0) return false;
    if (evaluateShare === 1) return true;
    const wantedMs = this.#spentMs + (this.#tookMs.get(suite) ?? 0);
    return wantedMs <= evaluateShare * (this.#now() - this.#beganMs);
  }

  /** Once, after a step that was not measured: only then it is known what the rest of the run takes. */
  #tellCost(): void {
    if (this.#isTold || this.#endedMs === undefined) return;
    this.#isTold = true;
    const { evaluateEverySteps, evaluateShare, steps } = this.#settings;
    const onceMs = [...this.#tookMs.values()].reduce((sum, value) => sum + value, 0);
    const allMs = onceMs * (1 + Math.ceil(steps / evaluateEverySteps));
    const stepMs = this.#now() - this.#endedMs;
    const share = allMs / (allMs + stepMs * steps);
    if (share <= evaluateShare) return;
    this.#listener({
      kind: 'notice',
      message: `The suites of "evaluate" took ${minutes(onceMs)}, and every time would be about ${percent(share)} of this run. They may take ${percent(evaluateShare)} ("evaluateShare"), so some times are left out; fewer items would be asked more often.`,
    });
  }
}

function minutes(milliseconds: number): string {
  return milliseconds < 60_000
    ? `${(milliseconds / 1000).toFixed(0)} s`
    : `${(milliseconds / 60_000).toFixed(1)} min`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
