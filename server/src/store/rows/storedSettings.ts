/** The settings of a run as they were stored, which may have been by another version, or by another program. */
import {
  PRESETS,
  SETTINGS,
  type RunSettings,
  type SettingType,
} from '../../../protocol/settings.ts';
import { type DialectName, DIALECTS } from '../../../protocol/vocabulary.ts';
import { foreignJson } from './foreignJson.ts';
import type { PresetDeparture } from './runInformation.ts';

/**
 * Settings that the file lacks came later and are what their preset says. Throws a SyntaxError when one is of another type than ours, or out of its range.
 */
export function settingsFromJson(json: string): RunSettings {
  const stored = foreignJson(json);
  if (typeof stored !== 'object' || stored === null) {
    throw new SyntaxError('the settings are not an object');
  }
  const values = stored as Readonly<Record<string, unknown>>;
  const preset = PRESETS.find((name) => name === values['preset']);
  if (preset === undefined) throw new SyntaxError('the settings name no preset');
  const settings = Object.entries(SETTINGS).map(([name, definition]) => {
    const value: unknown = values[name] ?? definition[preset];
    const { type } = definition as { type: SettingType };
    if (!isOfType(value, type)) throw new SyntaxError(`the setting "${name}" has no value of ours`);
    return [name, value];
  });
  return Object.fromEntries(settings) as RunSettings;
}

/**
 * What a run's settings have other than their preset, without those of settings that were removed since.
 * Throws a SyntaxError for anything else.
 */
export function departuresFromJson(json: string): readonly PresetDeparture[] {
  const departures = foreignJson(json);
  if (!Array.isArray(departures) || !departures.every(isDeparture)) {
    throw new SyntaxError('the departures from the preset have another form than ours');
  }
  return departures.filter(({ setting }) => Object.hasOwn(SETTINGS, setting));
}

/** Throws a SyntaxError for the name of no dialect of ours. */
export function dialectFromText(text: string): DialectName {
  const dialect = DIALECTS.find((name) => name === text);
  if (dialect === undefined) throw new SyntaxError('the dialect is not one of ours');
  return dialect;
}

function isDeparture(value: unknown): value is PresetDeparture {
  return typeof (Object(value) as { readonly setting?: unknown }).setting === 'string';
}

function isOfType(value: unknown, type: SettingType): boolean {
  switch (type.kind) {
    case 'integer':
      return Number.isSafeInteger(value) && isBetween(value, type);
    case 'number':
      return isBetween(value, type);
    case 'boolean':
      return typeof value === 'boolean';
    case 'text':
      return typeof value === 'string' && value !== '';
    case 'choice':
      return type.choices.some((choice) => choice === value);
    case 'list':
      return isListOf(value, type.choices, type.minimumItems);
  }
}

function isBetween(
  value: unknown,
  { minimum, maximum }: { readonly minimum: number; readonly maximum: number },
): boolean {
  return typeof value === 'number' && value >= minimum && value <= maximum;
}

function isListOf(value: unknown, choices: readonly string[] | undefined, fewest: number): boolean {
  return (
    Array.isArray(value) &&
    value.length >= fewest &&
    new Set(value).size === value.length &&
    value.every((item) => typeof item === 'string' && (choices?.includes(item) ?? true))
  );
}
