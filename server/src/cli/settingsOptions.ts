/** The options with which a command takes settings: a run file, a preset, single settings. */
import { ProblemError } from '../../protocol/problem.ts';
import type { PartialSettings } from '../settings/settings.ts';
import { parseSetting } from '../settings/settings.ts';
import { readRunFile, resolvePaths } from '../runFolder/runFile.ts';

export const SETTINGS_OPTIONS = {
  preset: { type: 'string' },
  set: { type: 'string', multiple: true },
} as const;

export const SETTINGS_OPTIONS_HELP = `\
  --preset <name>           studio (default) or paper
  --set <name>=<value>      any setting of "azr schema", as often as needed`;

/** The settings of `runFile`, if one is named, as checked layers of rising precedence. */
export async function settingsLayers(
  runFile: string | undefined,
  values: { readonly preset?: string | undefined; readonly set?: readonly string[] | undefined },
): Promise<PartialSettings[]> {
  const layers = runFile === undefined ? [] : [await readRunFile(runFile)];
  if (values.preset !== undefined) layers.push(parseSetting('preset', values.preset, '--preset'));
  for (const assignment of values.set ?? []) layers.push(parseAssignment(assignment));
  return layers;
}

/** One setting given on the command line, with a path resolved against the working folder. */
export function settingFromOption(name: string, value: string, option: string): PartialSettings {
  return resolvePaths(parseSetting(name, value, option), process.cwd());
}

function parseAssignment(assignment: string): PartialSettings {
  const separator = assignment.indexOf('=');
  if (separator < 1) {
    throw new ProblemError({
      code: 'usage',
      message: `--set takes <name>=<value>, not "${assignment}".`,
      remedy: 'For example: --set steps=50',
    });
  }
  return settingFromOption(
    assignment.slice(0, separator),
    assignment.slice(separator + 1),
    '--set',
  );
}
