import { ProblemError } from '../../../protocol/problem.ts';
import { existsSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import path from 'node:path';

import { branchRun } from '../../run/branchRun.ts';
import { runHost } from '../runHost.ts';
import { prepareNewRun } from '../../run/prepareRun.ts';
import { createRun, resumeRun } from '../../run/run.ts';
import { RUN_FILE_NAME } from '../../runFolder/runFile.ts';
import { newRunFolder } from '../../runFolder/newRunFolder.ts';
import { existingRunFolder, type RunFolder } from '../../runFolder/runFolder.ts';
import type { PartialSettings } from '../../settings/settings.ts';
import { RunReader } from '../../store/runReader.ts';
import { RUNS_FOLDER } from '../../runFolder/runsFolder.ts';
import type { WatchedRun } from '../views/chooseView.ts';
import type { Command, ExitCode } from '../command.ts';
import { parseArguments } from '../command.ts';
import {
  settingFromOption,
  SETTINGS_OPTIONS,
  SETTINGS_OPTIONS_HELP,
  settingsLayers,
} from '../settingsOptions.ts';
import { destinationNotice, terminalKey } from '../terminal/terminalKey.ts';
import { OUTPUT_OPTIONS, OUTPUT_OPTIONS_HELP, outputOf, watchRun } from '../views/watchRun.ts';

const OPTIONS = {
  ...SETTINGS_OPTIONS,
  model: { type: 'string' },
  steps: { type: 'string' },
  seed: { type: 'string' },
  directory: { type: 'string' },
  branch: { type: 'string' },
  ...OUTPUT_OPTIONS,
} as const;

/** Options that are settings by the same name. */
const SHORTHANDS = ['model', 'steps', 'seed'] as const;

export const runCommand: Command = {
  name: 'run',
  summary: 'Start a run.',
  help: `azr run [azr.json] [options]

Trains a model by self-play and keeps everything about it in a run folder. Without a run file,
azr.json in this folder is taken where there is one; an option overrides the run file.

  --model <name|folder>     azr-nano (default), or a folder with a Hugging Face causal language model
  --steps <count>           how many steps
  --seed <number>           seed of every random choice
  --branch <run>[@<step>]   go on from a kept checkpoint of another run, the newest by default, with
                            the settings that are named here changed
  --directory <folder>      the run folder to make; default: a new one in ${RUNS_FOLDER}
${SETTINGS_OPTIONS_HELP}
${OUTPUT_OPTIONS_HELP}

A key in TINKER_API_KEY goes to the engine's address when --set engineUrl=... or TINKER_BASE_URL names
it, or when you allow it on being asked.

Ctrl-C finishes the step, saves a checkpoint and stops; a second Ctrl-C stops at once. "azr resume"
goes on from the newest checkpoint; steps after it are done again.

Exit code: 0 when the run ended or was stopped, 1 when it failed, 2 for an invalid run file or
option, 130 after a second Ctrl-C.`,
  run: startRun,
};

async function startRun(argumentList: readonly string[]): Promise<ExitCode> {
  const { values, positionals } = parseArguments('run', argumentList, OPTIONS, true);
  const [named, ...more] = positionals;
  if (more.length > 0) {
    throw new ProblemError({
      code: 'usage',
      message: 'There is more than one run file.',
      remedy: 'Name one, or none for ./azr.json.',
    });
  }
  if (values.branch !== undefined) return startBranch(values.branch, named, values);
  const runFile = named ?? (existsSync(RUN_FILE_NAME) ? RUN_FILE_NAME : undefined);
  const layers = await layersOf(runFile, values);
  const prepared = await prepareNewRun(layers, runFile ?? 'command line');
  const { settings } = prepared;
  const key = await terminalKey(settings.engineUrl, await typedEngineUrl(values));
  const folder = folderFor(values, settings.model);
  return watchRun(
    { settings, folder, heldOut: [], output: outputOf(values) },
    (host) => createRun(prepared, folder, runHost(host, key)),
    destinationNotice(settings.engineUrl, key),
  );
}

/** What `parseArguments` makes of {@link OPTIONS}, as far as it says what a run is to be. */
type RunValues = Parameters<typeof settingsLayers>[1] &
  Parameters<typeof outputOf>[0] &
  Partial<Record<(typeof SHORTHANDS)[number] | 'directory', string | undefined>>;

/** The folder that is asked for, else a new one with `name` in its name. */
function folderFor({ directory }: RunValues, name: string): string {
  return directory === undefined
    ? newRunFolder(RUNS_FOLDER, name, new Date())
    : path.resolve(directory);
}

async function layersOf(
  runFile: string | undefined,
  values: RunValues,
): Promise<PartialSettings[]> {
  const layers = await settingsLayers(runFile, values);
  for (const name of SHORTHANDS) {
    const value = values[name];
    if (value !== undefined) layers.push(settingFromOption(name, value, `--${name}`));
  }
  return layers;
}

/** The engine's address when it stands on the command line, so that it did not come with a folder. */
async function typedEngineUrl(values: RunValues): Promise<string | undefined> {
  const layers = await layersOf(undefined, values);
  return layers.findLast(({ engineUrl }) => engineUrl !== undefined)?.engineUrl;
}

/** `source` is a run folder and, after an @, a step. */
async function startBranch(
  source: string,
  runFile: string | undefined,
  values: RunValues,
): Promise<ExitCode> {
  const [, parent = source, step] = /^(.+)@(\d+)$/.exec(source) ?? [];
  const { engineUrl } = settingsIn(existingRunFolder(parent)).settings;
  const key = await terminalKey(engineUrl, await typedEngineUrl(values));
  const changes = await layersOf(runFile, values);
  const folder = folderFor(values, `${path.basename(path.resolve(parent))}-branch`);
  const run = await branchRun({
    parent,
    step: step === undefined ? undefined : Number(step),
    changes,
    folder,
  }).catch(async (error: unknown) => {
    // Of a branch that cannot be made, an empty folder is left at most.
    if (values.directory === undefined) await rmdir(folder).catch(() => undefined);
    throw error;
  });
  const watched = { ...settingsIn(run), folder: run.folder, output: outputOf(values) };
  return watchRun(
    watched,
    (host) => resumeRun(run.folder, runHost(host, key)),
    destinationNotice(engineUrl, key),
  );
}

/** What a run has been made with, and the held-out solve rates that were measured in it. */
function settingsIn(run: RunFolder): Pick<WatchedRun, 'settings' | 'heldOut'> {
  const reader = RunReader.open(run.database);
  try {
    return {
      settings: reader.information().settings,
      heldOut: reader.metricSeries('probe.greedy.mean'),
    };
  } finally {
    reader.close();
  }
}
