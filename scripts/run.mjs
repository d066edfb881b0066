/** `node scripts/run.mjs <program.ts | program.mjs> [arguments]`: sets up, then runs it on the right Node. */
import { prepare } from './bootstrap/prepare.mjs';
import { runInForeground } from './bootstrap/runInForeground.mjs';

const { node } = await prepare();
process.exitCode = await runInForeground(node, [
  // Node runs TypeScript without a flag only since 22.18, and warned about it until 24.3.
  '--experimental-strip-types',
  '--disable-warning=ExperimentalWarning',
  ...process.argv.slice(2),
]);
