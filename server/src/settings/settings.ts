/**
 * From what a person wrote to complete, validated settings. Layers, each over the one before: the
 * preset's defaults, the model's own defaults, the run file, the command line.
 */
import type { ErrorObject } from 'ajv';

import type { Preset, RunSettings } from '../../protocol/settings.ts';
import { SETTINGS } from '../../protocol/settings.ts';
import { usesMuon } from '../../protocol/goldSettings.ts';
import type { PresetDeparture } from '../store/rows/runInformation.ts';
import { schemaCheck } from './schemaCheck.ts';
import type { SettingsProblem } from './settingsError.ts';
import { nearestSetting, SettingsError } from './settingsError.ts';
import type { SettingName } from './settingsSchema.ts';
import { describeType, isSettingName, SETTING_NAMES, settingsSchema } from './settingsSchema.ts';

/** Some of the settings, each of the right type and in its range. */
export type PartialSettings = Partial<RunSettings>;

const check = schemaCheck(settingsSchema(), { allErrors: true });

/**
 * Checks what was read from `source`, a file or the command line.
 * Throws SettingsError with every unknown key, wrong type and value out of range.
 */
export function checkSettings(value: unknown, source: string): PartialSettings {
  const validate = check();
  if (!validate(value)) {
    throw new SettingsError(source, describeErrors(validate.errors ?? [], value));
  }
  const settings = { ...(value as PartialSettings & { $schema?: string }) };
  delete settings.$schema;
  return settings;
}

/**
 * Reads one value given as text, as on a command line: JSON, and for texts and choices also without
 * quotes, for lists also separated by commas. Throws SettingsError.
 */
export function parseSetting(name: string, text: string, source: string): PartialSettings {
  if (!isSettingName(name)) throw new SettingsError(source, [unknownSetting(name)]);
  return checkSettings({ [name]: readValue(name, text) }, source);
}

function readValue(name: SettingName, text: string): unknown {
  const { kind } = SETTINGS[name].type;
  if (kind === 'text' || kind === 'choice') return text;
  try {
    return JSON.parse(text);
  } catch {
    return kind === 'list' ? text.split(',').map((item) => item.trim()) : text;
  }
}

/**
 * Fills in the defaults and checks the rules that span several settings.
 * `layers` come in rising order of precedence; throws SettingsError.
 */
export function completeSettings(layers: readonly PartialSettings[], source: string): RunSettings {
  const given = layers.reduce<PartialSettings>((sum, layer) => ({ ...sum, ...layer }), {});
  const settings = { ...presetSettings(given.preset ?? 'studio'), ...given };
  const problems = crossProblems(settings);
  if (problems.length > 0) throw new SettingsError(source, problems);
  return settings;
}

/** The settings that are not what their preset says, whether by the model, the file or a person. */
export function presetDepartures(settings: RunSettings): PresetDeparture[] {
  const preset = presetSettings(settings.preset);
  return SETTING_NAMES.filter(
    (name) => JSON.stringify(settings[name]) !== JSON.stringify(preset[name]),
  ).map((name) => ({ setting: name, preset: preset[name], value: settings[name] }));
}

function presetSettings(preset: Preset): RunSettings {
  const entries = SETTING_NAMES.map((name) => [name, SETTINGS[name][preset]] as const);
  return { ...Object.fromEntries(entries), preset } as unknown as RunSettings;
}

function crossProblems(settings: RunSettings): SettingsProblem[] {
  const problems: SettingsProblem[] = [];
  const require = (holds: boolean, setting: SettingName, message: string): void => {
    if (!holds) problems.push({ setting, message: `"${setting}" ${message}` });
  };
  const { inductionInputs, inductionVisible, modes, references, bufferCapacity } = settings;
  require(inductionVisible <
    inductionInputs, 'inductionVisible', `must be less than "inductionInputs" (${inductionInputs}), not ${inductionVisible}: at least one pair must stay hidden.`);
  require(modes.some(
    (mode) => mode !== 'induction',
  ), 'modes', 'must include "deduction" or "abduction": induction starts from their programs.');
  require(bufferCapacity >=
    references, 'bufferCapacity', `must be at least "references" (${references}), not ${bufferCapacity}.`);
  require(settings.cpuMs <=
    settings.wallMs, 'cpuMs', `must be at most "wallMs" (${settings.wallMs}), not ${settings.cpuMs}: wall time ends an execution first.`);
  require(settings.engineUrl !== 'local' ||
    settings.engineServer ===
      'auto', 'engineServer', 'must be "auto" while "engineUrl" is "local": that engine says itself what it is.');
  require(settings.trainOnEstimation ||
    settings.solverTasksPerMode >
      0, 'solverTasksPerMode', 'must be at least 1 while "trainOnEstimation" is false: the solver would train on nothing.');
  require(settings.solverBaseline === 'task-role' ||
    settings.trainOnEstimation, 'solverBaseline', 'must be "task-role" while "trainOnEstimation" is false: a group of one has nothing to be compared with.');
  require(settings.advantageScale !== 'group-rate' ||
    settings.solverBaseline ===
      'group', 'advantageScale', 'can be "group-rate" only while "solverBaseline" is "group".');
  require(!usesMuon(settings) ||
    settings.goldUpdatesPerStep >
      0, 'goldOptimizer', 'must be "adamw" while "goldUpdatesPerStep" is 0: another optimizer needs steps of its own.');
  return problems;
}

function describeErrors(errors: readonly ErrorObject[], value: unknown): SettingsProblem[] {
  const problems = new Map<string, SettingsProblem>();
  for (const error of errors) {
    const problem = describeError(error, value);
    // One wrong value can break several rules of the schema; the first sentence says it all.
    const key = problem.setting ?? '';
    if (!problems.has(key)) problems.set(key, problem);
  }
  return [...problems.values()];
}

function describeError(error: ErrorObject, value: unknown): SettingsProblem {
  if (error.keyword === 'additionalProperties') {
    return unknownSetting((error.params as { additionalProperty: string }).additionalProperty);
  }
  const [, setting] = error.instancePath.split('/');
  if (setting === undefined || !isSettingName(setting)) {
    const subject = setting === undefined ? 'The file' : `"${setting}"`;
    const expected = setting === undefined ? 'an object with settings' : 'a text';
    return { setting: setting ?? '', message: `${subject} must be ${expected}.` };
  }
  const wrong = (value as Record<string, unknown>)[setting];
  const expected = describeType(SETTINGS[setting].type);
  return { setting, message: `"${setting}" must be ${expected}, not ${shortJson(wrong)}.` };
}

function unknownSetting(name: string): SettingsProblem {
  const nearest = nearestSetting(name, SETTING_NAMES);
  const suggestion = nearest === undefined ? '' : ` Did you mean "${nearest}"?`;
  return { setting: name, message: `Unknown setting "${name}".${suggestion}` };
}

function shortJson(value: unknown): string {
  const json = JSON.stringify(value);
  return json.length > 60 ? `${json.slice(0, 59)}…` : json;
}
