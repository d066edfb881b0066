/** The command that runs this project's command line with the Node that runs this server. */
import path from 'node:path';

import { assetRoot } from '../machine/assets.ts';

export function commandLineProgram(): readonly string[] {
  const root = assetRoot();
  // A server that runs from its sources starts runs from theirs.
  return import.meta.url.endsWith('.ts')
    ? [process.execPath, '--experimental-strip-types', path.join(root, 'server/src/cli/main.ts')]
    : [process.execPath, path.join(root, 'dist', 'cli.mjs')];
}
