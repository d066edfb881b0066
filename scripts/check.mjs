/** `npm run check`: types, lint, format, unused code, layers; TypeScript and Python. */
import { prepare } from './bootstrap/prepare.mjs';
import { nodeChecks, pythonChecks, runChecks } from './checks.mjs';

const toolchain = await prepare();
const failed = await runChecks([...nodeChecks(toolchain.node), ...pythonChecks(toolchain)]);
process.exitCode = failed.length === 0 ? 0 : 1;
