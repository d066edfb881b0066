/** Rates of benchmarks that are asked during a run. */
import type { LoopDependencies } from '../context.ts';
import type { Ledger } from '../ledger.ts';

/** Asks the benchmarks that are due, and notes their rates among the metrics of the step. */
export async function recordEvaluations(
  { clock, engine, evaluator }: LoopDependencies,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<void> {
  if (evaluator === undefined) return;
  ledger.enterPhase('probe', clock.now());
  for (const [name, rate] of await evaluator.measure(ledger.step, engine, signal)) {
    ledger.addMetric(name, rate);
  }
}
