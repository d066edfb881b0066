/** What `npm run learn` makes of its arguments. */
import { describe, expect, test } from 'vitest';

import { parseLearnArguments } from '../../bench/learn/arguments.ts';
import { recipeOf, stepsWithin } from '../../bench/learn/largerModel.ts';
import { settingsLayers } from '../../server/src/cli/settingsOptions.ts';
import { completeSettings } from '../../server/src/settings/settings.ts';

const SMOLLM2 = ['--model', 'smollm2-135m'];

test('without any, three runs of the headline on the embedded model', () => {
  expect(parseLearnArguments([])).toEqual({
    ...{ kind: 'runs', arm: 'studio', seeds: [1, 2, 3], steps: 240, settings: [] },
    ...{ table: 'headline', isDry: false },
  });
  expect(parseLearnArguments(['--model', 'azr-nano'])).toEqual(parseLearnArguments([]));
  expect(parseLearnArguments(['--report'])).toMatchObject({ kind: 'report' });
  expect(parseLearnArguments(['--short', '--seed', '4'])).toMatchObject({
    ...{ kind: 'short', seeds: [4] },
  });
});

describe('a larger model', () => {
  test('has one seed, its recipe, a quarter of an hour and a quarter of the held-out tasks', () => {
    const request = parseLearnArguments([...SMOLLM2, '--cruxeval', 'items.jsonl']);
    expect(request).toMatchObject({
      ...{ seeds: [1], steps: stepsWithin(15), settings: recipeOf('smollm2-135m') },
      larger: {
        ...{ model: 'smollm2-135m', probeTasks: 360 },
        cruxeval: { file: 'items.jsonl', items: 100 },
      },
    });
  });

  test('takes other settings over its recipe, and other numbers', () => {
    const request = parseLearnArguments([
      ...[...SMOLLM2, '--minutes', '5', '--set', 'trainable=lora', '--probe-tasks', '12'],
      ...['--cruxeval', 'items.jsonl', '--cruxeval-items', '8', '--dry'],
    ]);
    expect(request.settings.at(-1)).toBe('trainable=lora');
    expect(request).toMatchObject({
      ...{ steps: stepsWithin(5), isDry: true },
      larger: { probeTasks: 12, cruxeval: { items: 8 } },
    });
    expect(parseLearnArguments([...SMOLLM2, '--steps', '7']).steps).toBe(7);
  });

  test('has a recipe that a run accepts: all weights, executed truth, pass@8', async () => {
    const settings = completeSettings(
      await settingsLayers(undefined, { set: recipeOf('smollm2-135m') }),
      'the recipe',
    );
    expect(settings).toMatchObject({
      ...{ preset: 'studio', trainable: 'full', goldLossWeight: 1, probeSamples: 8 },
    });
  });

  test('has fewer steps in less time, and never none', () => {
    expect(stepsWithin(15)).toBeGreaterThan(200);
    expect(stepsWithin(8)).toBeLessThan(stepsWithin(15));
    expect(stepsWithin(1)).toBe(1);
  });
});

test.each([
  [['--cruxeval', 'items.jsonl'], '--cruxeval is for a larger model'],
  [['--minutes', '5'], '--minutes is for a larger model'],
  [['--set', 'model=smollm2-135m'], '--set does not take the model'],
  [[...SMOLLM2, '--minutes', '5', '--steps', '5'], 'both say how long'],
  [[...SMOLLM2, '--minutes', 'many'], '--minutes takes a whole number, not "many"'],
  [[...SMOLLM2, '--probe-tasks', '0'], 'Nothing is left to measure'],
  [['--seed', '-1'], '--seed'],
  [['--steps', '0'], '--steps takes a whole number'],
])('%j is refused', (argumentList, message) => {
  expect(() => parseLearnArguments(argumentList)).toThrow(message);
});
