/**
 * Waits for disk space, or for a database that a backup holds: a run of days does not end because of
 * them. Requests to stop, or to try again at once, are still followed.
 */
import { type Problem, ProblemError } from '../../protocol/problem.ts';
import type { RunListener } from '../../protocol/events.ts';
import type { RunSteering } from './runSteering.ts';

const LOOK_MS = 1_000;

export class ResourceWait {
  readonly #steering: RunSteering;
  readonly #listener: RunListener;

  constructor(steering: RunSteering, listener: RunListener) {
    this.#steering = steering;
    this.#listener = listener;
  }

  /** Resolves with true when `problem` has none to name any more, with false when the run is to stop. */
  async until(problem: () => Problem | undefined): Promise<boolean> {
    let found = problem();
    if (found === undefined) return true;
    const waitedFor = found.code;
    this.#listener({ kind: 'notice', message: `${found.message} ${found.remedy}` });
    while (found !== undefined && this.#steering.stopWanted === undefined) {
      this.#steering.hold(found);
      await this.#steering.turned(LOOK_MS);
      found = problem();
    }
    this.#steering.hold(undefined);
    if (found === undefined) {
      this.#listener({
        kind: 'notice',
        message:
          waitedFor === 'locked'
            ? 'Resumed: the database is free again.'
            : 'Resumed: disk space is available again.',
      });
    }
    return found === undefined;
  }

  /**
   * Does `action`, again and again while a full disk or a lock keeps it from being done; it must leave
   * nothing behind when it throws. Throws what else it throws, and what it waited for when the run is
   * to stop.
   */
  async retryWhileBlocked(action: () => void): Promise<void> {
    let failure: ProblemError | undefined;
    const attempt = (): Problem | undefined => {
      try {
        action();
        failure = undefined;
      } catch (error) {
        if (!(error instanceof ProblemError) || !isPassing(error)) throw error;
        failure = error;
      }
      return failure === undefined ? undefined : waiting(failure);
    };
    await this.until(attempt);
    if (failure !== undefined) throw failure;
  }
}

function isPassing({ code }: ProblemError): boolean {
  return code === 'disk-full' || code === 'locked';
}

function waiting({ code, message }: ProblemError): Problem {
  const remedy =
    code === 'disk-full'
      ? 'Free some space; the run then resumes on its own. Nothing was lost.'
      : 'The run resumes on its own when it is free again. Nothing was lost.';
  return { code, message, remedy };
}
