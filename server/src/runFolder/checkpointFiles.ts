/** Whether the files of a checkpoint are whole, as far as that can be told without an engine. */
import { readdirSync } from 'node:fs';
import path from 'node:path';

import { readSafetensorsHeader } from '../files/safetensorsFile.ts';

/** Why the checkpoint in `folder` cannot be loaded, to follow a colon; undefined where nothing is wrong. */
export function checkpointDamage(folder: string): string | undefined {
  try {
    const names = readdirSync(folder);
    if (names.length === 0) return 'its folder is empty';
    for (const name of names.filter((one) => one.endsWith('.safetensors'))) {
      const header = readSafetensorsHeader(path.join(folder, name));
      if ('damage' in header) return `${name} is damaged (${header.damage.reason})`;
    }
    return undefined;
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (isMissing) return 'it is missing';
    return error instanceof Error ? error.message : String(error);
  }
}
