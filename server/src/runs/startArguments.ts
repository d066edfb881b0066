/** From what a viewer asks for to the command line of a new run. */
import path from 'node:path';

import type { EvaluateRequest } from '../../protocol/evaluation.ts';
import { SETTINGS } from '../../protocol/settings.ts';
import type { ReplayRequest, StartRequest } from '../../protocol/runs.ts';
import { readRunFile, resolvePaths } from '../runFolder/runFile.ts';
import { newRunFolder } from '../runFolder/newRunFolder.ts';
import { type RunFolder, runFolderAt } from '../runFolder/runFolder.ts';
import { RUNS_FOLDER } from '../runFolder/runsFolder.ts';
import { checkSettings } from '../settings/settings.ts';

export interface StartArguments {
  /** Where the run will be; its folder is new and empty. */
  readonly run: RunFolder;
  readonly command: readonly string[];
  readonly engineUrl: string;
}

/** Throws SettingsError for a run file or settings that cannot be, ProblemError like {@link newRunFolder}. */
export async function startArguments(request: StartRequest): Promise<StartArguments> {
  const { parentFolder, runFile } = request;
  const { asked, settings, engineUrl } = await readRequest(request);
  const model = settings.model ?? SETTINGS.model.studio;
  const run = runFolderAt(newRunFolder(path.join(parentFolder, RUNS_FOLDER), model, new Date()));
  const assignments = Object.entries(asked).flatMap(([name, value]) => [
    '--set',
    `${name}=${asText(value)}`,
  ]);
  const files = runFile === undefined ? [] : [path.resolve(runFile)];
  const command = ['run', ...files, '--directory', run.folder, ...assignments];
  return { run, command, engineUrl };
}

/** Where the engine of such a run would be, without making anything. Throws SettingsError. */
export async function requestedEngineUrl(request: StartRequest): Promise<string> {
  return (await readRequest(request)).engineUrl;
}

async function readRequest({ parentFolder, runFile, settings: given }: StartRequest) {
  const asked = resolvePaths(checkSettings(given, 'the request to start'), parentFolder);
  const settings = { ...(runFile === undefined ? {} : await readRunFile(runFile)), ...asked };
  return { asked, settings, engineUrl: settings.engineUrl ?? SETTINGS.engineUrl.studio };
}

/** A replay of the run in `source`. */
export function replayArguments(
  source: RunFolder,
  speed: ReplayRequest['speed'],
  parentFolder: string,
): StartArguments {
  const name = `replay-of-${path.basename(source.folder)}`;
  const run = runFolderAt(newRunFolder(path.join(parentFolder, RUNS_FOLDER), name, new Date()));
  const pace = ['--speed', speed === 'unlimited' ? 'max' : String(speed)];
  const command = ['replay', source.folder, '--directory', run.folder, ...pace];
  return { run, command, engineUrl: SETTINGS.engineUrl.studio };
}

/** An evaluation of `subjects`, as `azr eval` names them; `engineUrl` is the first one's. */
export function evaluationArguments(
  request: EvaluateRequest,
  subjects: readonly string[],
  engineUrl: string = SETTINGS.engineUrl.studio,
): StartArguments {
  const { parentFolder, suite, samples, items, taskIds = [], templates = [] } = request;
  const { dataFile, temperature, answerTokens } = request;
  const folder = newRunFolder(path.join(parentFolder, RUNS_FOLDER), `eval-${suite}`, new Date());
  const run = runFolderAt(folder);
  const options = [
    ...['--suite', suite, '--samples', String(samples), '--directory', run.folder],
    ...(items === undefined ? [] : ['--items', String(items)]),
    ...(temperature === undefined ? [] : ['--temperature', String(temperature)]),
    ...(answerTokens === undefined ? [] : ['--tokens', String(answerTokens)]),
    // A name that begins with a dash would be taken for an option.
    ...(dataFile === undefined ? [] : [`--data=${dataFile}`]),
    ...templates.map((name) => `--template=${name}`),
    ...taskIds.flatMap((id) => ['--task', String(id)]),
  ];
  return { run, command: ['eval', ...subjects, ...options], engineUrl };
}

/** As `--set` reads it: texts as they are, everything else as JSON. */
function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
