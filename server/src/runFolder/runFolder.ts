/**
 * Where a run keeps its things:
 *
 *     <folder>/run.db         every row of the run
 *     <folder>/azr.json       its complete settings, a copy for people
 *     <folder>/checkpoints/   policies to resume from
 *     <folder>/logs/          what the engine and a detached runner printed
 *     <folder>/runner.lock    held while a runner works on it
 *     <folder>/runner.json    which process that is and where it listens
 *     <folder>/outcome.json   how the last runner ended
 *     <folder>/replay.json    of a replay: which run it shows
 */
import { ProblemError } from '../../protocol/problem.ts';
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';

import { RUN_FILE_NAME } from './runFile.ts';

export interface RunFolder {
  readonly folder: string;
  readonly database: string;
  readonly runFile: string;
  readonly checkpoints: string;
  readonly logs: string;
  readonly lock: string;
  readonly owner: string;
  readonly outcome: string;
  readonly replay: string;
  /** What a detached runner prints. */
  readonly runnerLog: string;
  /** What the local engine prints. */
  readonly engineLog: string;
}

/** The places of a run in `folder`, whether there is one or not. */
export function runFolderAt(folder: string): RunFolder {
  const absolute = path.resolve(folder);
  return {
    folder: absolute,
    database: path.join(absolute, 'run.db'),
    runFile: path.join(absolute, RUN_FILE_NAME),
    checkpoints: path.join(absolute, 'checkpoints'),
    logs: path.join(absolute, 'logs'),
    lock: path.join(absolute, 'runner.lock'),
    owner: path.join(absolute, 'runner.json'),
    outcome: path.join(absolute, 'outcome.json'),
    replay: path.join(absolute, 'replay.json'),
    runnerLog: path.join(absolute, 'logs', 'runner.log'),
    engineLog: path.join(absolute, 'logs', 'engine.log'),
  };
}

/** The folder of an existing run. Throws ProblemError `no-run`. */
export function existingRunFolder(folder: string): RunFolder {
  const run = runFolderAt(folder);
  if (!existsSync(run.database)) {
    throw new ProblemError({
      code: 'no-run',
      message: `${run.folder} holds no run: there is no run.db in it.`,
      remedy: 'Name a run folder, or start a run with "azr run".',
    });
  }
  return run;
}

/** The run below `runsFolder` that was worked on last. Throws ProblemError `no-run`. */
export async function newestRun(runsFolder: string): Promise<RunFolder> {
  const names = existsSync(runsFolder) ? await readdir(runsFolder) : [];
  const runs = names
    .map((name) => runFolderAt(path.join(runsFolder, name)))
    .filter((run) => existsSync(run.database));
  const dated = await Promise.all(
    runs.map(async (run) => ({ run, changedMs: await lastChangeMs(run) })),
  );
  const [newest] = dated.sort((left, right) => right.changedMs - left.changedMs);
  if (newest === undefined) {
    throw new ProblemError({
      code: 'no-run',
      message: `There is no run in ${path.resolve(runsFolder)}.`,
      remedy: 'Name a run folder, or start a run with "azr run".',
    });
  }
  return newest.run;
}

/** The write-ahead log is the file that changes with every commit. */
async function lastChangeMs(run: RunFolder): Promise<number> {
  const files = [run.database, `${run.database}-wal`].filter((file) => existsSync(file));
  const stats = await Promise.all(files.map((file) => stat(file)));
  return Math.max(...stats.map(({ mtimeMs }) => mtimeMs));
}
