/**
 * Makes a run that goes on from a kept checkpoint of another one with other settings. It holds the
 * other's rows up to there, so that its curves have no gap, and from then on is a run like any other:
 * `resumeRun` goes on with it.
 */
import { ProblemError } from '../../protocol/problem.ts';
import {
  constants,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
} from 'node:fs';
import { copyFile } from 'node:fs/promises';
import path from 'node:path';

import type { RunSettings } from '../../protocol/settings.ts';
import { PROPOSED_TASKS } from '../../protocol/taskSources.ts';
import { isPlainFile, isPlainFolder } from '../files/plainFile.ts';
import { writeJsonAtomically } from '../files/writeJsonAtomically.ts';
import { copyDatabase } from '../store/writer/copyDatabase.ts';
import type { CheckpointRecord } from '../store/rows/runInformation.ts';
import { RunReader } from '../store/runReader.ts';
import { SqliteRunStore } from '../store/writer/sqliteRunStore.ts';
import { checkpointDamage } from '../runFolder/checkpointFiles.ts';
import { isRemote, locateCheckpoint } from '../runFolder/checkpointNames.ts';
import { createRunFolder } from '../runFolder/createRunFolder.ts';
import { existingRunFolder, type RunFolder } from '../runFolder/runFolder.ts';
import { completeSettings, type PartialSettings, presetDepartures } from '../settings/settings.ts';

/** What a checkpoint only fits to: other weights, or weights of another shape, are another run. */
const FIXED = ['model', 'dialect', 'trainable', 'loraRank', 'loraAlpha', 'engineUrl'] as const;

/** So many steps fit into a message. */
const NAMED_STEPS = 20;

export interface BranchRequest {
  /** Folder of the run to branch from. */
  readonly parent: string;
  /** A step that has a checkpoint; the newest one when absent. */
  readonly step: number | undefined;
  /** Settings that are to be other ones, in rising order of precedence. */
  readonly changes: readonly PartialSettings[];
  /** The new run's folder. */
  readonly folder: string;
}

/**
 * Throws ProblemError `no-run`, `no-checkpoint`, `cannot-branch` or `run-exists`, SettingsError or
 * ProblemError, with no run made.
 */
export async function branchRun(request: BranchRequest): Promise<RunFolder> {
  const parent = existingRunFolder(request.parent);
  const reader = RunReader.open(parent.database);
  try {
    const checkpoint = checkpointAt(reader, parent, request.step);
    const before = reader.information();
    const settings = completeSettings([before.settings, ...request.changes], 'the branch');
    requireFitting(before.settings, settings, checkpoint.step);
    const run = createRunFolder(request.folder);
    const draft = `${run.database}.draft`;
    rmSync(draft, { force: true });
    copyDatabase(reader, draft);
    const store = SqliteRunStore.open(draft);
    try {
      // Those of another source are read when the branch begins.
      if (settings.tasks !== before.settings.tasks) store.keepGivenTasks([]);
      store.becomeBranch(
        { parent: parent.folder, step: checkpoint.step },
        {
          ...before,
          createdAt: new Date().toISOString(),
          settings,
          departures: presetDepartures(settings),
          dialect: settings.dialect === 'auto' ? before.dialect : settings.dialect,
        },
        { step: checkpoint.step, path: await bringAlong(checkpoint, parent, run) },
      );
    } finally {
      store.close();
    }
    writeJsonAtomically(run.runFile, settings, 2);
    // A run is there when its database is, so the database comes last.
    renameSync(draft, run.database);
    return run;
  } finally {
    reader.close();
  }
}

function checkpointAt(
  reader: RunReader,
  parent: RunFolder,
  step: number | undefined,
): CheckpointRecord {
  const checkpoints = reader.checkpoints();
  const wanted =
    step === undefined
      ? checkpoints.findLast((one) => isWhole(one, parent))
      : checkpoints.find((one) => one.step === step);
  if (wanted !== undefined) return wanted;
  const kept = checkpoints.map((one) => one.step).slice(-NAMED_STEPS);
  throw new ProblemError({
    code: 'no-checkpoint',
    message: `The run in ${parent.folder} has no checkpoint ${step === undefined ? 'yet' : `of step ${step}`}.`,
    remedy:
      kept.length === 0
        ? 'Wait until it has saved one; "checkpointEverySteps" says how often it does.'
        : `The newest that it keeps are of the steps ${kept.join(', ')}. "checkpointsKeptEvery" keeps more.`,
  });
}

function isWhole({ path: noted }: CheckpointRecord, parent: RunFolder): boolean {
  const location = locateCheckpoint(parent, noted);
  return isRemote(location) || checkpointDamage(location) === undefined;
}

function requireFitting(before: RunSettings, after: RunSettings, step: number): void {
  const changed = FIXED.find((name) => before[name] !== after[name]);
  if (changed !== undefined) {
    throw new ProblemError({
      code: 'cannot-branch',
      message: `A branch cannot change "${changed}": the checkpoint fits only ${JSON.stringify(before[changed])}.`,
      remedy: 'Leave it as it is, or start a new run.',
    });
  }
  if (after.probe !== before.probe && after.probe !== 'none') {
    throw new ProblemError({
      code: 'cannot-branch',
      message:
        'A branch cannot have other held-out tasks: its curves would compare two different sets.',
      remedy: 'Leave "probe" as it is, set it to "none", or start a new run.',
    });
  }
  if (after.tasks === PROPOSED_TASKS && before.tasks !== PROPOSED_TASKS) {
    throw new ProblemError({
      code: 'cannot-branch',
      message: 'A branch cannot propose tasks where its parent was given them: it has no seeds.',
      remedy: 'Name a file or "generator" in "tasks", or start a new run.',
    });
  }
  if (after.steps <= step) {
    throw new ProblemError({
      code: 'cannot-branch',
      message: `The branch would begin after step ${step} and end at step ${after.steps}, so there is nothing to do.`,
      remedy: `Ask for more than ${step} steps: --steps counts from the beginning of the parent.`,
    });
  }
}

/**
 * Copies the checkpoint's files; returns the path to note. One on another machine stays there. Rejects
 * with ProblemError `no-checkpoint`, or `disk-full` where there is no room for the copy.
 */
async function bringAlong(
  checkpoint: CheckpointRecord,
  parent: RunFolder,
  run: RunFolder,
): Promise<string> {
  const source = locateCheckpoint(parent, checkpoint.path);
  if (isRemote(source)) return source;
  const isPlain = isPlainFolder(parent.checkpoints) && isPlainFolder(source);
  const damage = isPlain ? checkpointDamage(source) : 'it is missing';
  if (damage !== undefined) {
    throw new ProblemError({
      code: 'no-checkpoint',
      message: `The checkpoint ${source} cannot be used: ${damage}.`,
      remedy: 'Choose another one, or restore the run folder from a copy.',
    });
  }
  const files = readdirSync(source).filter((name) => isPlainFile(path.join(source, name)));
  requireRoom(
    files.map((name) => path.join(source, name)),
    run,
  );
  const target = path.join(run.checkpoints, path.basename(source));
  mkdirSync(target, { mode: 0o700 });
  for (const name of files) {
    // Where the file system can share the content, nothing is copied.
    const from = path.join(source, name);
    await copyFile(from, path.join(target, name), constants.COPYFILE_FICLONE);
  }
  return `checkpoints/${path.basename(source)}`;
}

/** A file says how large it is; it may be mostly holes, which a copy fills. */
function requireRoom(files: readonly string[], run: RunFolder): void {
  const bytes = files.reduce((sum, file) => sum + lstatSync(file).size, 0);
  const { bavail, bsize } = statfsSync(run.folder);
  if (bytes <= bavail * bsize) return;
  throw new ProblemError({
    code: 'disk-full',
    message: `The checkpoint to branch from has ${String(Math.round(bytes / 2 ** 20))} MiB, and the disk of ${run.folder} has less left.`,
    remedy: 'Free some space, or name a folder on another disk with --directory.',
  });
}
