/**
 * The states of following the process that works on a run, its runner, and what leads from one to another.
 * Pure: {@link RunnerFollower} looks at the folder, connects, and tells this what it found.
 */
import type { ProblemError } from '../../protocol/problem.ts';
import type { RunState } from '../../protocol/runs.ts';
import type { RunnerClient } from './runnerClient.ts';

/** First pause before a runner that seems alive is tried again; it doubles up to the second. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 3_000;

/** What is known of a runner beside its connection; it decides in which state its end is seen. */
type Standing =
  /** Its address was found. Its end is not news. */
  | 'found'
  /** This process is starting it. Who asked for that hears how it went. */
  | 'starting'
  /** It was seen at work. Its end is news. */
  | 'working';

/** No runner is there. `wasKilled`: the address of one is, which ended without removing it. */
interface Absent {
  readonly kind: 'none' | 'starting' | 'ended';
  readonly wasKilled: boolean;
}

type Present =
  /** Its address is worth a try; `said` is the state that it last told. */
  | { readonly kind: 'connecting'; readonly standing: Standing; readonly said: RunState }
  | { readonly kind: 'connected'; readonly standing: Standing; readonly client: RunnerClient }
  /** It seems alive and did not answer, for `reason`; it is tried again after `pauseMs`. */
  | {
      readonly kind: 'unreachable';
      readonly standing: Standing;
      readonly said: RunState;
      readonly reason: ProblemError;
      readonly pauseMs: number;
    }
  /** It is at work, and of another version of the protocol: its database can only be read. */
  | { readonly kind: 'other-protocol'; readonly standing: Standing };

/**
 * `none`: no runner is known of. `starting`: this process starts one, which has not appeared yet.
 * `ended`: one that was seen at work is gone.
 */
export type Following = Absent | Present;

export type FollowingEvent =
  /** The folder has no address of a runner, or one that is left behind. */
  | { readonly kind: 'absent'; readonly wasKilled: boolean }
  /** The folder has an address that is worth a try. */
  | { readonly kind: 'alive' }
  | { readonly kind: 'other-protocol' }
  | { readonly kind: 'connected'; readonly client: RunnerClient }
  /** It seems alive and does not answer. */
  | { readonly kind: 'unreachable'; readonly reason: ProblemError }
  /** The connection ended. */
  | { readonly kind: 'closed' }
  /** This process begins to start a runner; then that has worked, or not. */
  | { readonly kind: 'start' | 'started' | 'start-failed' };

export const NOT_FOLLOWING: Following = { kind: 'none', wasKilled: false };

/** The state after `event`; the same object where nothing changes. */
export function follow(state: Following, event: FollowingEvent): Following {
  switch (event.kind) {
    case 'absent':
      // Where there is a connection, only its end says that the runner is gone.
      return state.kind === 'connected' ? state : withoutRunner(state, event.wasKilled);
    case 'alive':
      return isPresent(state) && state.kind !== 'other-protocol'
        ? state
        : { kind: 'connecting', standing: standingOf(state), said: 'starting' };
    case 'other-protocol':
      return state.kind === 'connected' || state.kind === 'other-protocol'
        ? state
        : { kind: 'other-protocol', standing: standingOf(state) };
    case 'connected': {
      const standing = isStarting(state) ? 'starting' : 'working';
      return { kind: 'connected', standing, client: event.client };
    }
    case 'unreachable':
      return withoutAnswer(state, event.reason);
    case 'closed':
      return state.kind === 'connected'
        ? { kind: 'connecting', standing: state.standing, said: state.client.state }
        : state;
    case 'start':
      return isPresent(state) ? { ...state, standing: 'starting' } : { ...state, kind: 'starting' };
    case 'started':
      return afterStart(state, 'ended', 'working');
    case 'start-failed':
      return afterStart(state, 'none', 'found');
  }
}

/** A runner is there, seems to be, or is being started by this process. */
export function isLive(state: Following): boolean {
  return isPresent(state) || state.kind === 'starting';
}

export function isStarting(state: Following): boolean {
  return state.kind === 'starting' || (isPresent(state) && state.standing === 'starting');
}

/** What the runner says of itself, or last said; undefined where there is none. */
export function runStateOf(state: Following): RunState | undefined {
  switch (state.kind) {
    case 'none':
    case 'ended':
      return undefined;
    case 'starting':
    case 'other-protocol':
      return 'starting';
    case 'connecting':
    case 'unreachable':
      return state.said;
    case 'connected':
      return state.client.state;
  }
}

function isPresent(state: Following): state is Present {
  return 'standing' in state;
}

/** Of a runner that is found in this state. */
function standingOf(state: Following): Standing {
  if (isPresent(state)) return state.standing;
  return state.kind === 'starting' ? 'starting' : 'found';
}

const ABSENCE = { found: 'none', starting: 'starting', working: 'ended' } as const;

function withoutRunner(state: Following, wasKilled: boolean): Following {
  if (isPresent(state)) return { kind: ABSENCE[state.standing], wasKilled };
  return state.wasKilled === wasKilled ? state : { ...state, wasKilled };
}

/** Only where an answer is waited for: what is known otherwise is newer than the try. */
function withoutAnswer(state: Following, reason: ProblemError): Following {
  const { kind } = state;
  if (kind !== 'connecting' && kind !== 'unreachable') return state;
  const pauseMs =
    kind === 'connecting' ? FIRST_PAUSE_MS : Math.min(2 * state.pauseMs, LONGEST_PAUSE_MS);
  return { ...state, kind: 'unreachable', reason, pauseMs };
}

function afterStart(state: Following, absence: Absent['kind'], standing: Standing): Following {
  if (!isStarting(state)) return state;
  return isPresent(state) ? { ...state, standing } : { ...state, kind: absence };
}
