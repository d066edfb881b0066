/** `npm run check`: types, lint, format, unused code, layers; TypeScript and Python. */
import { prepare } from './bootstrap/prepare.mjs';
import { runChecks } from './checks.mjs';

const failed = await runChecks(await prepare());
process.exitCode = failed === 0 ? 0 : 1;
