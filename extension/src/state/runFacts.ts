/** What a run's state allows, and which run is meant where none is named. */
import { newestFirst } from '../../../server/protocol/runOrder.ts';
import type { RunId, RunOverview, RunState } from '../../../server/protocol/runs.ts';

const LIVE: ReadonlySet<RunState> = new Set([
  'starting',
  'running',
  'pausing',
  'paused',
  'stopping',
]);
const STOPPABLE: ReadonlySet<RunState> = LIVE;
const RESUMABLE: ReadonlySet<RunState> = new Set(['paused', 'stopped', 'interrupted', 'failed']);

/** Whether a runner works on it. */
export function isLive(run: RunOverview): boolean {
  return LIVE.has(run.state);
}

/** Whether something moves: a paused runner waits. */
export function isBusy(run: RunOverview): boolean {
  return isLive(run) && run.state !== 'paused';
}

export function canStop(run: RunOverview): boolean {
  return STOPPABLE.has(run.state);
}

export function canPause(run: RunOverview): boolean {
  return run.state === 'running';
}

export function canResume(run: RunOverview): boolean {
  return RESUMABLE.has(run.state);
}

/** The run that the status bar tells of: `chosen` while it lives, else the newest live, else the newest. */
export function primaryRun(runs: readonly RunOverview[], chosen?: RunId): RunOverview | undefined {
  const sorted = newestFirst(runs);
  const live = sorted.filter(isLive);
  return live.find(({ id }) => id === chosen) ?? live[0] ?? sorted[0];
}
