/** A model folder with nothing in it but what a run asks of one before its engine starts. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Returns the folder, made in `parent`. */
export function writeScriptedModel(parent: string): string {
  const folder = path.join(parent, 'model');
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'config.json'), '{}');
  const facts = { dialect: 'compact', maximumProposalTokens: 100 };
  writeFileSync(path.join(folder, 'azr-model.json'), JSON.stringify(facts));
  return folder;
}
