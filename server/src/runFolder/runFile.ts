/** Reads `azr.json`. */
import path from 'node:path';

import { readSmallFile } from '../files/readFile.ts';
import { isOfHub } from '../machine/models/namedModel.ts';
import type { PartialSettings } from '../settings/settings.ts';
import { checkSettings } from '../settings/settings.ts';
import { SettingsError } from '../settings/settingsError.ts';

/** Name of a run file, in a user's folder and, as a frozen copy, in a run's. */
export const RUN_FILE_NAME = 'azr.json';

/** Settings are a few thousand characters. */
const LARGEST_BYTES = 2 ** 20;

/**
 * The settings a run file gives, checked, with its relative paths resolved against its folder.
 * Throws SettingsError, also when the file cannot be read or is not JSON.
 */
export async function readRunFile(file: string): Promise<PartialSettings> {
  let text: string;
  try {
    text = await readSmallFile(file, LARGEST_BYTES, 'follow');
  } catch (error) {
    throw new SettingsError(file, [{ message: `It cannot be read (${reasonOf(error)}).` }]);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new SettingsError(file, [{ message: `It is not valid JSON: ${reasonOf(error)}.` }]);
  }
  return resolvePaths(checkSettings(value, file), path.dirname(path.resolve(file)));
}

/** Makes the paths among `settings` absolute; names such as `azr-nano` or `auto` stay as they are. */
export function resolvePaths(settings: PartialSettings, folder: string): PartialSettings {
  const { evaluate, model, probe, tasks } = settings;
  return {
    ...settings,
    ...(model !== undefined && {
      model: isOfHub(model, folder) ? model : resolveIfPath(model, folder),
    }),
    ...(probe !== undefined && { probe: resolveIfPath(probe, folder) }),
    ...(evaluate !== undefined && {
      evaluate: evaluate.map((named) => resolveIfPath(named, folder)),
    }),
    ...(tasks !== undefined && { tasks: resolveIfPath(tasks, folder) }),
  };
}

/** A bare word is a name; anything with a separator or an extension is a path. */
function resolveIfPath(value: string, folder: string): string {
  const isName = !/[/\\.]/.test(value);
  return isName ? value : path.resolve(folder, value);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
