/**
 * Plays a run back: its committed steps appear one after another in a run folder of their own, as if a
 * runner were at work there. Every view of a run can show a replay; no engine, model or sandbox is
 * needed, and nothing that a model wrote is run.
 */
import type { LoopOutcome } from '../method/loop.ts';
import { writeJsonAtomically } from '../files/writeJsonAtomically.ts';
import { RunReader } from '../store/runReader.ts';
import { SqliteRunStore } from '../store/writer/sqliteRunStore.ts';
import type { Replay } from '../runFolder/replayNote.ts';
import { createRunFolder } from '../runFolder/createRunFolder.ts';
import { existingRunFolder, type RunFolder } from '../runFolder/runFolder.ts';
import {
  finish,
  type RunResult,
  type Session,
  type SessionHost,
  withPresence,
} from './runSession.ts';
import { storedStep } from './storedEvents.ts';

/**
 * Makes a replay in `folder` and plays it. Rejects with ProblemError `no-run` or `run-exists`, or a
 * ProblemError.
 */
export async function replayRun(
  replay: Replay,
  folder: string,
  host: SessionHost,
): Promise<RunResult> {
  const source = existingRunFolder(replay.source);
  return withReader(source, async (reader) => {
    const information = reader.information();
    const run = createRunFolder(folder);
    return playInto(reader, run, replay.speed, host, () => {
      writeJsonAtomically(run.replay, { source: source.folder, speed: replay.speed });
      const createdAt = new Date().toISOString();
      const store = SqliteRunStore.create(run.database, { ...information, createdAt });
      for (const sitting of reader.sessions()) store.startSession(sitting);
      return store;
    });
  });
}

/** Goes on with a replay that was stopped. Rejects like {@link replayRun}. */
export async function resumeReplay(
  run: RunFolder,
  replay: Replay,
  host: SessionHost,
): Promise<RunResult> {
  return withReader(existingRunFolder(replay.source), (reader) =>
    playInto(reader, run, replay.speed, host, () => SqliteRunStore.open(run.database)),
  );
}

async function withReader(
  source: RunFolder,
  use: (reader: RunReader) => Promise<RunResult>,
): Promise<RunResult> {
  const reader = RunReader.open(source.database);
  try {
    return await use(reader);
  } finally {
    reader.close();
  }
}

/** `openStore` is called once no other process can work on `run`. */
function playInto(
  reader: RunReader,
  run: RunFolder,
  speed: number,
  host: SessionHost,
  openStore: () => SqliteRunStore,
): Promise<RunResult> {
  return withPresence(run, host, (session) => {
    const store = openStore();
    session.releases.add(() => {
      store.close();
    });
    return play(reader, store, speed, session);
  });
}

async function play(
  reader: RunReader,
  store: SqliteRunStore,
  speed: number,
  { run, presence, listener, steering }: Session<SessionHost>,
): Promise<RunResult> {
  const { control } = steering;
  presence.committed(store.reader.sequence());
  steering.started();
  for (const summary of reader.steps(store.counters().lastStep, Number.MAX_SAFE_INTEGER)) {
    const { step, durationMs } = summary;
    if (!control.stopAfterStep()) {
      listener({ kind: 'phase', step, phase: 'propose', done: 0, total: 1 });
      await steering.turned(Math.min(durationMs / speed, LONGEST_WAIT_MS));
    }
    if (!control.stopAfterStep() && control.pauseAfterStep?.()) await control.resumed?.();
    if (control.stopAfterStep()) {
      const outcome: LoopOutcome = { reason: 'stopped', lastStep: store.counters().lastStep };
      return finish(run, store, outcome, listener);
    }
    store.copyStep(reader, step);
    presence.committed(store.reader.sequence());
    listener(storedStep(reader, summary));
  }
  return finish(run, store, { reason: 'steps', lastStep: store.counters().lastStep }, listener);
}

/** No step of a replay takes longer, however long it took when it happened. */
const LONGEST_WAIT_MS = 600_000;
