/** From what a viewer asks for to the command line of a new run. */
import { existsSync } from 'node:fs';
import path from 'node:path';

import { SETTINGS } from '../../protocol/settings.ts';
import type { ReplayRequest, StartRequest } from '../../protocol/runs.ts';
import { readRunFile, resolvePaths } from '../runFolder/runFile.ts';
import { newRunName, type RunFolder, runFolderAt } from '../runFolder/runFolder.ts';
import { RUNS_FOLDER } from '../runFolder/runsFolder.ts';
import { checkSettings } from '../settings/settings.ts';

export interface StartArguments {
  /** Where the run will be; a folder that does not exist yet. */
  readonly run: RunFolder;
  readonly command: readonly string[];
  readonly engineUrl: string;
}

/** Throws SettingsError for a run file or settings that cannot be. */
export async function startArguments(request: StartRequest): Promise<StartArguments> {
  const { parentFolder, runFile, settings: asked } = request;
  const settings = resolvePaths(checkSettings(asked, 'the request to start'), parentFolder);
  const fromFile = runFile === undefined ? {} : await readRunFile(runFile);
  const model = settings.model ?? fromFile.model ?? SETTINGS.model.studio;
  const run = freeFolder(path.join(parentFolder, RUNS_FOLDER, newRunName(model, new Date())));
  const assignments = Object.entries(settings).flatMap(([name, value]) => [
    '--set',
    `${name}=${asText(value)}`,
  ]);
  const engineUrl = settings.engineUrl ?? fromFile.engineUrl ?? SETTINGS.engineUrl.studio;
  const files = runFile === undefined ? [] : [path.resolve(runFile)];
  const command = ['run', ...files, '--directory', run.folder, ...assignments];
  return { run, command, engineUrl };
}

/** A replay of the run in `source`. */
export function replayArguments(
  source: RunFolder,
  speed: ReplayRequest['speed'],
  parentFolder: string,
): StartArguments {
  const name = newRunName(`replay-of-${path.basename(source.folder)}`, new Date());
  const run = freeFolder(path.join(parentFolder, RUNS_FOLDER, name));
  const pace = ['--speed', speed === 'unlimited' ? 'max' : String(speed)];
  const command = ['replay', source.folder, '--directory', run.folder, ...pace];
  return { run, command, engineUrl: SETTINGS.engineUrl.studio };
}

/** As `--set` reads it: texts as they are, everything else as JSON. */
function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Two runs may be started within the second that names one. */
function freeFolder(wanted: string): RunFolder {
  for (let number = 1; ; number += 1) {
    const folder = number === 1 ? wanted : `${wanted}-${number}`;
    if (!existsSync(folder)) return runFolderAt(folder);
  }
}
