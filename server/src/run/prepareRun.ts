/** From what a person asked for to everything a run needs to know before anything is started. */
import type { HeldOutTask } from '../../protocol/heldOut.ts';
import type { RunSettings } from '../../protocol/settings.ts';
import { SETTINGS } from '../../protocol/settings.ts';
import { PART_OF_TASKS } from '../../protocol/taskSources.ts';
import type { Dialect } from '../method/dialects/dialect.ts';
import { checkEngineAddress } from '../engine/engineAddress.ts';
import { dialectFor, dialectNamed } from '../method/dialects/dialectFor.ts';
import type { RunInformation } from '../store/rows/runInformation.ts';
import { readTasks } from './heldOutTasks.ts';
import type { ModelFolder } from '../machine/models/modelFolder.ts';
import { openModelFolder } from '../machine/models/modelFolder.ts';
import { refusePickledWeights } from '../machine/models/modelWeights.ts';
import type { PartialSettings } from '../settings/settings.ts';
import { completeSettings } from '../settings/settings.ts';

export interface PreparedRun {
  readonly settings: RunSettings;
  readonly model: ModelFolder;
  readonly dialect: Dialect;
  readonly heldOut: readonly HeldOutTask[];
}

/**
 * Completes the settings of a new run: the preset's defaults, the model's own over them, and
 * `layers` over both. Throws SettingsError or ProblemError.
 */
export async function prepareNewRun(
  layers: readonly PartialSettings[],
  source: string,
): Promise<PreparedRun> {
  const wanted = layers.findLast(({ model }) => model !== undefined)?.model;
  const model = await openModelFolder(wanted ?? SETTINGS.model.studio);
  return prepare(completeSettings([model.defaults, ...layers], source), model);
}

/**
 * The same for a run whose settings were completed when it was created; whatever program that was, they must fit
 * together. @param heldOut the held-out tasks that the run has stored, where it has; no file is then read
 */
export async function prepareExistingRun(
  information: Pick<RunInformation, 'settings' | 'dialect'>,
  heldOut?: readonly HeldOutTask[],
): Promise<PreparedRun> {
  const settings = completeSettings([information.settings], 'the settings of the run');
  const prepared = await prepare(settings, await openModelFolder(settings.model), heldOut);
  return { ...prepared, dialect: dialectNamed(information.dialect, settings) };
}

async function prepare(
  settings: RunSettings,
  model: ModelFolder,
  stored?: readonly HeldOutTask[],
): Promise<PreparedRun> {
  if (settings.engineUrl === 'local') refusePickledWeights(model.folder);
  else checkEngineAddress(settings.engineUrl, '');
  return {
    settings,
    model,
    dialect: dialectFor(settings, model),
    heldOut: stored ?? (await heldOutTasks(settings, model)),
  };
}

async function heldOutTasks(
  { probe }: RunSettings,
  { probeFile }: ModelFolder,
): Promise<HeldOutTask[]> {
  const file = probe === 'auto' ? probeFile : probe;
  const isNone = file === undefined || file === 'none' || file === PART_OF_TASKS;
  return isNone ? [] : readTasks(file, 'probe');
}
