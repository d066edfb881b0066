/** The settings of a run as they were stored, which may have been by another version, or by nobody of ours. */
import { PRESETS, SETTINGS, type RunSettings, type SettingType } from '../../protocol/settings.ts';

/** What a run without the setting did, where that is not what its preset says now. */
const BEFORE_THE_SETTING: Partial<RunSettings> = { sandbox: 'native' };

/**
 * Settings that the file lacks came later and are what their preset says, or what every run did
 * before. Throws a SyntaxError when one is of another type than ours.
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
    const value = values[name] ?? BEFORE_THE_SETTING[name as keyof RunSettings] ?? usual;
    if (typeof value !== typeof usual || Array.isArray(value) !== Array.isArray(usual)) {
      throw new SyntaxError(`the setting "${name}" is of another type`);
    }
    const { type } = definition as { type: SettingType };
    if (type.kind === 'choice' && !type.choices.includes(value as string)) {
      throw new SyntaxError(`the setting "${name}" is none of ${type.choices.join(', ')}`);
    }
    return [name, value];
  });
  return Object.fromEntries(settings) as RunSettings;
}
