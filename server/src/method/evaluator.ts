/** Benchmarks that are asked of the policy during a run; what is in them is for others to know. */
import type { Engine } from '../../protocol/engine.ts';

export interface Evaluator {
  /**
   * Asks what is due after `step` and keeps the answers. Returns rates by the names of the metrics that they
   * are stored as; none where nothing is due. Rejects with the reason of `signal`.
   */
  measure(step: number, engine: Engine, signal: AbortSignal): Promise<ReadonlyMap<string, number>>;
}
