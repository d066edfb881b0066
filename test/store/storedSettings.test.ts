/** Settings of a run that another version stored. */
import { describe, expect, test } from 'vitest';

import { completeSettings } from '../../server/src/settings/settings.ts';
import {
  departuresFromJson,
  settingsFromJson,
} from '../../server/src/store/rows/storedSettings.ts';

describe('settings that the file lacks', () => {
  const stored = (without: string) =>
    JSON.stringify({ ...completeSettings([{ steps: 9 }], 'test'), [without]: undefined });

  test('are what the preset says', () => {
    expect(settingsFromJson(stored('goldOptimizer')).goldOptimizer).toBe('adamw');
    expect(settingsFromJson(stored('goldOptimizer')).steps).toBe(9);
  });
});

describe('departures from the preset', () => {
  test('of settings that there are no more are left out', () => {
    const steps = { setting: 'steps', preset: 200, value: 9 };
    const gone = { setting: 'topP', preset: 1, value: 0.5 };
    expect(departuresFromJson(JSON.stringify([steps, gone]))).toEqual([steps]);
  });

  test.each(['{}', '[1]', '[{}]', '[null]'])('that are %s are refused', (json) => {
    expect(() => departuresFromJson(json)).toThrow(SyntaxError);
  });
});
