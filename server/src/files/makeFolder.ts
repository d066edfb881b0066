/** Makes a folder with those above it. */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';

/**
 * Makes `folder` and what is missing above it, for their owner only; what is there already stays as it is.
 * One after another, since Node's own way tries for ever below a folder such as /proc, which is there and
 * takes nothing. Throws the system's error.
 */
export function makeFolder(folder: string): void {
  const missing: string[] = [];
  for (let place = path.resolve(folder); !existsSync(place); place = path.dirname(place)) {
    missing.unshift(place);
    if (place === path.dirname(place)) break;
  }
  for (const place of missing) makeOne(place);
  // What has the name of the folder may be a file.
  if (!statSync(folder).isDirectory()) mkdirSync(folder);
}

/** Somebody else may have made it meanwhile. */
function makeOne(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    const isThere = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    if (!isThere) throw error;
  }
}
