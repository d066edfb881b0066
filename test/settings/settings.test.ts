import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { describe, expect, onTestFinished, test } from 'vitest';

import { SETTINGS } from '../../server/protocol/settings.ts';
import { readRunFile } from '../../server/src/runFolder/runFile.ts';
import {
  checkSettings,
  completeSettings,
  parseSetting,
  presetDepartures,
} from '../../server/src/settings/settings.ts';
import { SettingsError } from '../../server/src/settings/settingsError.ts';
import { SETTING_NAMES, settingsSchema } from '../../server/src/settings/settingsSchema.ts';
import { mutated, randomSource } from '../randomJson.ts';

function problemsOf(action: () => unknown): string[] {
  try {
    action();
  } catch (error) {
    if (error instanceof SettingsError) return error.problems.map((problem) => problem.message);
    throw error;
  }
  return [];
}

async function runFileWith(text: string): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'azr-run-file-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = path.join(folder, 'azr.json');
  await writeFile(file, text);
  return file;
}

describe('the schema', () => {
  test('media/azr.schema.json is up to date (else run "npm run schema")', () => {
    const file = path.join(import.meta.dirname, '../../media/azr.schema.json');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(settingsSchema());
  });

  test('accepts every default of both presets', () => {
    for (const preset of ['studio', 'paper'] as const) {
      const settings = completeSettings([{ preset }], 'test');
      expect(problemsOf(() => checkSettings(settings, 'test'))).toEqual([]);
      expect(Object.keys(settings)).toEqual(SETTING_NAMES);
      expect(presetDepartures(settings)).toEqual([]);
    }
  });

  test('says what each setting does and what its default is', () => {
    const { properties } = settingsSchema() as { properties: Record<string, object> };
    expect(properties['references']).toEqual({
      type: 'integer',
      minimum: 0,
      maximum: 32,
      default: SETTINGS.references.studio,
      description: expect.stringMatching(
        /^K: .*Default: \d+ \(studio\), 6 \(paper\)\. Paper: /,
      ) as string,
    });
  });
});

describe('a wrong setting is named with what is allowed', () => {
  test.each([
    [{ steps: '12' }, '"steps" must be an integer from 1 to 1000000, not "12".'],
    [{ steps: 0 }, '"steps" must be an integer from 1 to 1000000, not 0.'],
    [{ steps: 1.5 }, '"steps" must be an integer from 1 to 1000000, not 1.5.'],
    [{ steps: null }, '"steps" must be an integer from 1 to 1000000, not null.'],
    [{ temperature: 4.01 }, '"temperature" must be a number from 0.05 to 4, not 4.01.'],
    [{ learnabilityGate: 'yes' }, '"learnabilityGate" must be true or false, not "yes".'],
    [{ preset: 'fast' }, '"preset" must be one of "studio", "paper", not "fast".'],
    [{ model: '' }, '"model" must be a text that is not empty, not "".'],
    [
      { modes: ['deduction', 'deduction'] },
      '"modes" must be a list of different texts out of "deduction", "abduction", "induction", at least 1, not ["deduction","deduction"].',
    ],
    [{ bannedWords: [1] }, '"bannedWords" must be a list of different texts, not [1].'],
    [{ stepps: 3 }, 'Unknown setting "stepps". Did you mean "steps"?'],
    [{ Temperature: 3 }, 'Unknown setting "Temperature". Did you mean "temperature"?'],
    [{ quux: 3 }, 'Unknown setting "quux".'],
    [{ constructor: 3 }, 'Unknown setting "constructor".'],
    [[], 'The file must be an object with settings.'],
    [null, 'The file must be an object with settings.'],
    [{ $schema: 3 }, '"$schema" must be a text.'],
  ])('%j', (value, message) => {
    expect(problemsOf(() => checkSettings(value, 'azr.json'))).toEqual([message]);
  });

  test('all problems are told at once', () => {
    const problems = problemsOf(() => checkSettings({ steps: 0, seed: -1, quux: 1 }, 'azr.json'));
    expect(problems).toHaveLength(3);
  });

  test.each([
    [{ inductionVisible: 6, inductionInputs: 6 }, '"inductionVisible" must be less than'],
    [{ modes: ['induction' as const] }, '"modes" must include "deduction" or "abduction"'],
    [{ bufferCapacity: 2, references: 3 }, '"bufferCapacity" must be at least "references" (3)'],
    [{ cpuMs: 5000, wallMs: 4000 }, '"cpuMs" must be at most "wallMs" (4000), not 5000'],
    [
      { preset: 'paper' as const, solverTasksPerMode: 0 },
      '"solverTasksPerMode" must be at least 1',
    ],
    [{ preset: 'paper' as const, solverBaseline: 'group' as const }, '"solverBaseline" must be'],
    [
      { preset: 'paper' as const, advantageScale: 'group-rate' as const },
      '"advantageScale" can be',
    ],
    [
      { goldOptimizer: 'muon' as const, goldUpdatesPerStep: 0 },
      '"goldOptimizer" must be "adamw" while "goldUpdatesPerStep" is 0',
    ],
  ])('across settings: %j', (settings, message) => {
    expect(problemsOf(() => completeSettings([settings], 'azr.json'))).toEqual([
      expect.stringContaining(message),
    ]);
  });
});

test('Muon has steps of its own', () => {
  const muon = { goldOptimizer: 'muon', goldUpdatesPerStep: 1 } as const;
  expect(completeSettings([muon], 'azr.json').goldOptimizer).toBe('muon');
  expect(problemsOf(() => checkSettings({ goldOptimizer: 'lion' }, 'azr.json'))).toEqual([
    expect.stringContaining('"goldOptimizer" must be'),
  ]);
});

describe('layers', () => {
  test('later ones win, and what is left is the preset of the last layer that names one', () => {
    const settings = completeSettings(
      [{ learningRate: 0.5, steps: 3 }, { steps: 4, preset: 'paper' }, { seed: 9 }],
      'test',
    );
    expect(settings).toMatchObject({ preset: 'paper', learningRate: 0.5, steps: 4, seed: 9 });
    expect(settings.references).toBe(SETTINGS.references.paper);
    expect(presetDepartures(settings)).toEqual([
      { setting: 'steps', preset: SETTINGS.steps.paper, value: 4 },
      { setting: 'seed', preset: 1, value: 9 },
      { setting: 'learningRate', preset: 1e-6, value: 0.5 },
    ]);
  });

  test.each([
    ['steps', '12', { steps: 12 }],
    ['model', '12', { model: '12' }],
    ['preset', 'paper', { preset: 'paper' }],
    ['modes', 'deduction, induction', { modes: ['deduction', 'induction'] }],
    ['modes', '["abduction"]', { modes: ['abduction'] }],
    ['learningRate', '1e-5', { learningRate: 1e-5 }],
    ['learnabilityGate', 'false', { learnabilityGate: false }],
  ])('--set %s=%s', (name, text, expected) => {
    expect(parseSetting(name, text, '--set')).toEqual(expected);
  });

  test.each([
    ['steps', 'many', '"steps" must be an integer from 1 to 1000000, not "many".'],
    ['step', '3', 'Unknown setting "step". Did you mean "steps"?'],
  ])('--set %s=%s is refused', (name, text, message) => {
    expect(problemsOf(() => parseSetting(name, text, '--set'))).toEqual([message]);
  });
});

describe('a run file', () => {
  test('may name its schema and paths relative to itself', async () => {
    const file = await runFileWith('{"$schema": "x", "model": "./models/m", "probe": "auto"}');
    expect(await readRunFile(file)).toEqual({
      model: path.join(path.dirname(file), 'models/m'),
      probe: 'auto',
    });
  });

  test('that is no JSON says where', async () => {
    const file = await runFileWith('{"steps": 3,}');
    await expect(readRunFile(file)).rejects.toThrow(/azr\.json: It is not valid JSON: .*position/);
  });

  test('that is not there says so', async () => {
    await expect(readRunFile('/nowhere/azr.json')).rejects.toThrow(/nowhere\/azr\.json.*ENOENT/);
  });
});

test('whatever stands in a run file, it is settings in their ranges or a SettingsError that names the file', async () => {
  const random = randomSource(31);
  const good = Object.fromEntries(SETTING_NAMES.map((name) => [name, SETTINGS[name].studio]));
  const file = await runFileWith('{}');
  let passed = 0;
  for (let round = 0; round < 2_000; round += 1) {
    // Few settings at a time, so that some files are right.
    const some = Object.fromEntries(Object.entries(good).filter(() => random() < 0.05));
    const text = (JSON.stringify(mutated(some, random)) as string | undefined) ?? '';
    await writeFile(
      file,
      random() < 0.2 ? text.slice(0, Math.floor(random() * text.length)) : text,
    );
    try {
      completeSettings([await readRunFile(file)], file);
      passed += 1;
    } catch (error) {
      expect(error).toBeInstanceOf(SettingsError);
      expect((error as SettingsError).message).toContain(file);
    }
  }
  expect(passed).toBeGreaterThan(100);
  expect(passed).toBeLessThan(1_500);
});
