/** What a list says of a run, from its database, its runner and its outcome note. */
import { remainingMs as timeLeft } from './pace.ts';
import path from 'node:path';

import type { Problem } from '../../protocol/problem.ts';
import type { LiveProgress, RunId, RunOverview, RunState } from '../../protocol/runs.ts';
import type { DatabaseLook } from './runDatabase.ts';
import type { RunFolder } from '../runFolder/runFolder.ts';
import type { RunOutcome } from '../runFolder/runOutcome.ts';

export interface RunEvidence {
  readonly id: RunId;
  readonly run: RunFolder;
  readonly look: DatabaseLook;
  /** Of a replay: the name of the run that it shows. */
  readonly replayOf: string | undefined;
  /** What a runner that is there says of itself. */
  readonly liveState: RunState | undefined;
  /** What a runner that is there waits for. */
  readonly held: Problem | undefined;
  readonly progress: LiveProgress | undefined;
  readonly outcome: RunOutcome | undefined;
  /** A runner was killed before it could say how it ended. */
  readonly isOrphaned: boolean;
}

export function overviewOf(evidence: RunEvidence): RunOverview {
  const { id, run, look, replayOf, liveState, progress, outcome } = evidence;
  const identity = {
    ...{ id, name: path.basename(run.folder), folder: run.folder },
    ...(replayOf !== undefined && { replayOf }),
  };
  const nothing = { lastStep: -1, steps: 0, taskCount: 0, proposalCount: 0, sequence: 0 };
  if (look.kind === 'unreadable') {
    // A database is unreadable for the moment in which its runner makes it.
    if (liveState !== undefined) return { ...identity, ...nothing, state: liveState };
    return { ...identity, ...nothing, state: 'unreadable', problem: look.problem };
  }
  const state = liveState ?? restingState(evidence);
  const problem =
    state === 'failed' && outcome?.kind === 'failed' ? outcome.problem : evidence.held;
  return {
    ...identity,
    ...(look.kind === 'figures' ? look.figures.shown : nothing),
    state,
    ...(problem !== undefined && { problem }),
    ...(progress !== undefined && { live: withSpeed(progress, look) }),
  };
}

/** The state of a run that no process works on. */
function restingState({ look, outcome, isOrphaned }: RunEvidence): RunState {
  if (outcome?.kind === 'finished') return 'finished';
  if (look.kind !== 'figures') return outcome?.kind === 'failed' ? 'failed' : 'interrupted';
  const { shown, isLastStepKept } = look.figures;
  const { lastStep, steps } = shown;
  if (lastStep >= steps && isLastStepKept) return 'finished';
  if (outcome?.kind === 'failed') return 'failed';
  if (outcome?.kind === 'stopped') return 'stopped';
  // Without a note of its end, as on a full disk: a clean stop leaves a checkpoint of the last step.
  return isLastStepKept && !isOrphaned ? 'stopped' : 'interrupted';
}

function withSpeed(progress: LiveProgress, look: DatabaseLook): LiveProgress {
  if (look.kind !== 'figures') return progress;
  const { shown, tokensPerSecond, stepMs } = look.figures;
  const remainingMs =
    stepMs === undefined ? undefined : timeLeft({ stepMs }, shown.lastStep, shown.steps);
  return {
    ...progress,
    ...(tokensPerSecond !== undefined && { tokensPerSecond }),
    ...(remainingMs !== undefined && { remainingMs }),
  };
}
