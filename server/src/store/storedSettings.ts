/** The settings of a run as they were stored, which may have been by another version, or by nobody of ours. */
import { PRESETS, SETTINGS, type RunSettings } from '../../protocol/settings.ts';

/**
 * Settings that the file lacks came later and are what their preset says. Throws a SyntaxError when
 * one is of another type than ours.
 */
export function settingsFromJson(json: string): RunSettings {
  const stored: unknown = JSON.parse(json);
  if (typeof stored !== 'object' || stored === null) {
    throw new SyntaxError('the settings are no object');
  }
  const values = stored as Readonly<Record<string, unknown>>;
  const preset = PRESETS.find((name) => name === values['preset']);
  if (preset === undefined) throw new SyntaxError('the settings name no preset');
  const settings = Object.entries(SETTINGS).map(([name, definition]) => {
    const usual: unknown = definition[preset];
    const value = values[name] ?? usual;
    if (typeof value !== typeof usual || Array.isArray(value) !== Array.isArray(usual)) {
      throw new SyntaxError(`the setting "${name}" is of another type`);
    }
    return [name, value];
  });
  return Object.fromEntries(settings) as RunSettings;
}
