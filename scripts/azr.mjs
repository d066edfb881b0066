#!/usr/bin/env node
/** `npx azr …`: sets up what is missing, then runs the command line on the right Node. */
import path from 'node:path';

import { PROJECT_ROOT } from './bootstrap/layout.mjs';
import { prepare } from './bootstrap/prepare.mjs';
import { runInForeground } from './bootstrap/runInForeground.mjs';

const { node } = await prepare();
process.exitCode = await runInForeground(node, [
  path.join(PROJECT_ROOT, 'dist', 'cli.mjs'),
  ...process.argv.slice(2),
]);
