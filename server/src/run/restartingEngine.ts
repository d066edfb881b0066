/** Restarts an engine that ended: the run continues from the newest checkpoint. */
import { ProblemError } from '../../protocol/problem.ts';
import type { Engine } from '../../protocol/engine.ts';

/** New engines without a committed step in between; an engine that ends each time will not be cured by another. */
const MAXIMUM_RESTARTS = 3;
/** Its process has ended, or it no longer answers. */
const ENDED = ['engine_ended', 'engine_silent'];

export interface Restartable<Outcome, Kind extends Engine = Engine> {
  /** Works until the end, or rejects. */
  readonly work: (engine: Kind) => Promise<Outcome>;
  /** Opens a new engine that has the policy of the newest checkpoint. */
  readonly restart: (dead: Kind, reason: ProblemError) => Promise<Kind>;
  /** The last step that was committed. */
  readonly lastStep: () => number;
  readonly signal: AbortSignal;
}

/** Works with `engine`, and with a new one whenever one ends. Rejects with every other failure. */
export async function withRestarts<Outcome, Kind extends Engine>(
  engine: Kind,
  { work, restart, lastStep, signal }: Restartable<Outcome, Kind>,
): Promise<Outcome> {
  let current = engine;
  let death: ProblemError | undefined;
  let restarts = 0;
  let furthest = lastStep();
  for (;;) {
    try {
      if (death !== undefined) current = await restart(current, death);
      return await work(current);
    } catch (error) {
      if (lastStep() > furthest) restarts = 0;
      furthest = Math.max(furthest, lastStep());
      restarts += 1;
      if (signal.aborted || restarts > MAXIMUM_RESTARTS || !hasEnded(error)) throw error;
      death = error;
    }
  }
}

/** Whether `error` says that an engine is gone, so that only another one can answer. */
export function hasEnded(error: unknown): error is ProblemError {
  return error instanceof ProblemError && ENDED.includes(error.code);
}
