/**
 * Messages over the WebSocket of a runner, JSON in both directions. The runner commits
 * first and announces after; listeners read run.db for the rows.
 */
import type { RunEvent } from './events.ts';
import type { Problem } from './problem.ts';
import type { RunState } from './runs.ts';

/** Contents of `runner.json` in a run folder, mode 0600; it proves nothing by itself. */
export interface RunnerAddress {
  readonly pid: number;
  /** When the process started, ISO 8601: a reused pid has another. */
  readonly startedAt: string;
  readonly hostName: string;
  readonly protocolVersion: number;
  /**
   * Of the loopback interface. Absent while the runner listens on a Unix socket: where that lies follows
   * from the token, so that this file cannot lead a client elsewhere.
   */
  readonly port?: number;
  /** Random, 256 bits, hexadecimal; asked for as `Authorization: Bearer <token>`. */
  readonly token: string;
}

/** How a run is to end: cleanly after the step under way, or at once without it. */
export type StopTime = 'after-step' | 'now';

export type ToRunner =
  | { readonly kind: 'stop'; readonly when: StopTime }
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' };

export type FromRunner =
  | {
      readonly kind: 'hello';
      readonly protocolVersion: number;
      readonly state: RunState;
      readonly problem?: Problem;
      readonly sequence: number;
    }
  /** `problem` says what a run waits for that paused on its own. */
  | { readonly kind: 'state'; readonly state: RunState; readonly problem?: Problem }
  /**
   * `sequence` is the database's number of the change that a `step` event announces. `earlier` marks
   * progress of the step under way that was told before this client came.
   */
  | {
      readonly kind: 'event';
      readonly sequence: number;
      readonly event: RunEvent;
      readonly earlier?: true;
    };
