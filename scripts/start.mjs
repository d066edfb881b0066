/** `npm start [-- arguments of azr run]`: sets up what is missing and trains the embedded model. */
import path from 'node:path';

import { PROJECT_ROOT } from './bootstrap/layout.mjs';
import { prepare } from './bootstrap/prepare.mjs';
import { runInForeground } from './bootstrap/runInForeground.mjs';

const { node } = await prepare();
process.exitCode = await runInForeground(node, [
  path.join(PROJECT_ROOT, 'dist', 'cli.mjs'),
  'run',
  ...process.argv.slice(2),
]);
