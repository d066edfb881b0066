/** A stranger's model says in its azr-model.json where programs run, or where prompts are sent. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { SETTINGS, type RunSettings } from '../../server/protocol/settings.ts';
import { openModelFolder } from '../../server/src/machine/models/modelFolder.ts';
import { makeModel } from './harmlessRun.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-model-'));
  makeModel(folder);
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(facts: object): void {
  writeFileSync(path.join(folder, 'azr-model.json'), JSON.stringify(facts));
}

test('what suits a model in training is taken', async () => {
  const facts = { modes: ['deduction'], trainable: 'lora', loraRank: 8, learningRate: 1e-4 };
  const more = { references: 2, maximumAnswerTokens: 48, goldOptimizer: 'muon' };
  write({ $schema: 'x', dialect: 'turns', ...more, ...facts });
  await expect(openModelFolder(folder)).resolves.toMatchObject({
    dialect: 'turns',
    defaults: { ...more, ...facts },
  });
});

const FOREIGN: readonly (keyof RunSettings)[] = [
  ...(['engineUrl', 'engineServer', 'model', 'probe', 'preset'] as const),
  ...(['sandbox', 'cpuMs', 'wallMs', 'memoryMb', 'outputCharacters'] as const),
  ...(['allowedImports', 'bannedWords', 'singleFunction', 'programCharacters'] as const),
  ...(['steps', 'checkpointsKept', 'completionsKeptMb'] as const),
];

test.each(FOREIGN)('%s is refused, with its name and its file', async (setting) => {
  write({ dialect: 'compact', [setting]: SETTINGS[setting].paper });
  await expect(openModelFolder(folder)).rejects.toMatchObject({
    code: 'invalid-settings',
    message: expect.stringContaining(
      `${path.join(folder, 'azr-model.json')}: "${setting}" cannot be set by a model.`,
    ) as string,
  });
});
