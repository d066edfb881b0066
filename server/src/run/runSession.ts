/** One sitting of a runner on a run: seen by everybody, and cleaned up however it ends. */
import type { Engine } from '../../protocol/engine.ts';
import type { RunListener } from '../../protocol/events.ts';
import { machineFacts } from '../machine/machineFacts.ts';
import type { LoopOutcome } from '../method/loop.ts';
import type { SqliteRunStore } from '../store/writer/sqliteRunStore.ts';
import { makeRunFolders } from '../runFolder/createRunFolder.ts';
import { requirePlainRunFolder } from '../runFolder/plainRunFolder.ts';
import type { RunFolder } from '../runFolder/runFolder.ts';
import type { OpenGrader } from './openGrader.ts';
import { RunnerPresence } from './endpoint/runnerPresence.ts';
import { problemOf, type RunOutcome } from '../runFolder/runOutcome.ts';
import type { RunSteering } from './runSteering.ts';
import type { RunSummary } from '../runs/runSummary.ts';
import { summarise } from '../runs/runSummary.ts';

/** How the process of a run reports, and how it is steered. */
export interface SessionHost {
  readonly listener: RunListener;
  /** Turned by signals and by connected clients. */
  readonly steering: RunSteering;
}

export interface RunResult {
  readonly folder: string;
  readonly outcome: LoopOutcome;
  readonly summary: RunSummary;
}

/** Things to give back, last taken first; a failure to give one back does not keep the others. */
class Releases {
  readonly #actions: (() => void | Promise<void>)[] = [];

  add(action: () => void | Promise<void>): void {
    this.#actions.unshift(action);
  }

  async all(): Promise<void> {
    const failures: unknown[] = [];
    for (const action of this.#actions) {
      try {
        await action();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'Something could not be closed.');
  }
}

/** A host's wishes together with what is there for as long as the runner works. */
export type Session<Host extends SessionHost> = Host & {
  readonly run: RunFolder;
  readonly presence: RunnerPresence;
  readonly releases: Releases;
};

/**
 * Works on `run` in front of everybody, and gives back whatever was taken on the way. Throws like
 * {@link requirePlainRunFolder} before anything is written.
 */
export async function withPresence<Host extends SessionHost>(
  run: RunFolder,
  host: Host,
  action: (session: Session<Host>) => Promise<RunResult>,
): Promise<RunResult> {
  requirePlainRunFolder(run);
  makeRunFolders(run);
  const presence = await RunnerPresence.open(run, host.steering);
  const releases = new Releases();
  let ending: RunOutcome = { kind: 'stopped' };
  releases.add(() => presence.close(ending));
  const listener = presence.announcing(host.listener);
  let result: RunResult;
  try {
    result = await action({ ...host, run, presence, releases, listener });
  } catch (error) {
    if (!host.steering.control.signal.aborted) {
      ending = { kind: 'failed', problem: problemOf(error) };
    }
    // What went wrong first is what matters; a dead engine, say, cannot be closed cleanly either.
    await releases.all().catch(() => undefined);
    throw error;
  }
  if (result.outcome.reason === 'steps') ending = { kind: 'finished' };
  await releases.all();
  return result;
}

/** Notes that this process works on the run, and with what. */
export function noteSession(store: SqliteRunStore, engine: Engine, grader: OpenGrader): void {
  store.startSession({
    startedAt: new Date().toISOString(),
    afterStep: store.counters().lastStep,
    engine: engine.description,
    sandbox: grader.sandbox.description,
    machine: machineFacts(),
  });
}

/** Tells everybody how it ended, and sums up. */
export function finish(
  run: RunFolder,
  store: SqliteRunStore,
  outcome: LoopOutcome,
  listener: RunListener,
  message = endOfSteps(run, outcome),
): RunResult {
  const { reason, lastStep } = outcome;
  listener({ kind: 'finished', step: lastStep, reason, message });
  return { folder: run.folder, outcome, summary: summarise(store.reader) };
}

function endOfSteps({ folder }: RunFolder, { reason, lastStep }: LoopOutcome): string {
  if (reason === 'steps') return `All ${String(lastStep)} steps are done.`;
  const where = lastStep < 0 ? 'before the first step' : `after step ${String(lastStep)}`;
  return `Stopped ${where}; "azr resume ${folder}" continues.`;
}
