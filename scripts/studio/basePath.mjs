/** The path below which VS Code lies in the browser: random, and the same at every start. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { writePrivateFile } from './privateFile.mjs';

/**
 * The browser keeps a window's layout by its address, so the address stays the same; and a bookmark works.
 * Knowing it lets nobody in.
 * @param {string} dataFolder Private to this user.
 */
export function basePathIn(dataFolder) {
  const file = path.join(dataFolder, 'base-path');
  const kept = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  if (/^\/azr-[\w-]{22}$/.test(kept)) {
    return kept;
  }
  const basePath = `/azr-${randomBytes(16).toString('base64url')}`;
  writePrivateFile(file, `${basePath}\n`);
  return basePath;
}
