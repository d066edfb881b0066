import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import path from 'node:path';

import type { RunId } from '../../protocol/runs.ts';

/** Stable name of the run in `folder`; the same by whichever path the folder is reached. */
export function runIdOf(folder: string): RunId {
  const real = realPathOf(folder);
  const name = path.basename(real).replaceAll(/[^\w.-]+/g, '_') || 'run';
  return `${name}-${createHash('sha256').update(real).digest('hex').slice(0, 12)}`;
}

/** A folder that is still to be made is named as it will be called. */
function realPathOf(folder: string): string {
  const absolute = path.resolve(folder);
  try {
    return realpathSync.native(absolute);
  } catch {
    const parent = path.dirname(absolute);
    return parent === absolute ? absolute : path.join(realPathOf(parent), path.basename(absolute));
  }
}
