/** An engine that dies is replaced: the run goes on from the newest checkpoint by itself. */
import { ProblemError } from '../../protocol/problem.ts';
import type { Engine } from '../../protocol/engine.ts';

/** New engines without a step in between; one that dies each time has a reason. */
const MAXIMUM_RESTARTS = 3;
/** Its process is gone, or it answers nothing although it is there. */
const DEADLY = ['engine_ended', 'engine_silent'];

export interface Mortal<Outcome> {
  /** Works until the end, or rejects. */
  readonly work: (engine: Engine) => Promise<Outcome>;
  /** Opens a new engine that has the policy of the newest checkpoint. */
  readonly revive: (dead: Engine, reason: ProblemError) => Promise<Engine>;
  /** The last step that was committed. */
  readonly lastStep: () => number;
  readonly signal: AbortSignal;
}

/** Works with `engine`, and with a new one whenever one dies. Rejects with what else goes wrong. */
export async function outliveEngines<Outcome>(
  engine: Engine,
  { work, revive, lastStep, signal }: Mortal<Outcome>,
): Promise<Outcome> {
  let current = engine;
  let death: ProblemError | undefined;
  let restarts = 0;
  let furthest = lastStep();
  for (;;) {
    try {
      if (death !== undefined) current = await revive(current, death);
      return await work(current);
    } catch (error) {
      if (lastStep() > furthest) restarts = 0;
      furthest = Math.max(furthest, lastStep());
      restarts += 1;
      if (signal.aborted || restarts > MAXIMUM_RESTARTS || !isDeadly(error)) throw error;
      death = error;
    }
  }
}

function isDeadly(error: unknown): error is ProblemError {
  return error instanceof ProblemError && DEADLY.includes(error.code);
}
