/** The static checks, each a command of its own. `npm run check` and `npm test` run them all. */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';

import { PROJECT_ROOT } from './bootstrap/layout.mjs';
import { runSupervised } from './bootstrap/spawnSupervised.mjs';

/** Each of these takes a core for itself and up to 1 GB. */
const MAXIMUM_AT_ONCE = 2;
/** Less is spent on collecting garbage, which is up to a fifth of what these compute otherwise. */
const ROOM_FOR_NEW_OBJECTS = '--max-semi-space-size=128';
const PYTHON_FOLDERS = ['server/engine', 'server/nano', 'server/sandbox', 'bench/engine'];

/**
 * @typedef {object} Check
 * @property {string} name
 * @property {readonly string[]} command
 */

/**
 * @param {import('./bootstrap/bootstrap.mjs').Toolchain} toolchain
 * @returns {readonly Check[]}
 */
function checksOf({ node, python }) {
  const tool = (/** @type {string} */ file) => [
    ...[node, ROOM_FOR_NEW_OBJECTS, path.join('node_modules', file)],
  ];
  const pythonFolders = PYTHON_FOLDERS.filter((folder) =>
    existsSync(path.join(PROJECT_ROOT, folder)),
  );
  const sources = ['extension', 'server', 'webview', 'test', 'bench', 'scripts'];
  return [
    // First, since it takes as long as all the others.
    { name: 'lint', command: [...tool('eslint/bin/eslint.js'), '.', '--max-warnings', '0'] },
    { name: 'types', command: [...tool('typescript-native/bin/tsc'), '-p', '.'] },
    { name: 'webview types', command: [...tool('typescript-native/bin/tsc'), '-p', 'webview'] },
    {
      name: 'webview test types',
      command: [...tool('typescript-native/bin/tsc'), '-p', 'test/webview'],
    },
    { name: 'format', command: [...tool('prettier/bin/prettier.cjs'), '--check', '.'] },
    { name: 'unused code', command: tool('knip/bin/knip.js') },
    {
      name: 'layers',
      command: [
        ...tool('dependency-cruiser/bin/dependency-cruiser.mjs'),
        ...['--config', 'dependency-cruiser.config.mjs', ...sources],
      ],
    },
    { name: 'Python lint', command: [python, '-m', 'ruff', 'check', ...pythonFolders] },
    {
      name: 'Python format',
      command: [python, '-m', 'ruff', 'format', '--check', ...pythonFolders],
    },
    { name: 'Python types', command: tool('pyright/index.js') },
  ];
}

/**
 * @param {import('./bootstrap/bootstrap.mjs').Toolchain} toolchain
 * @returns {Promise<number>} How many checks failed. The output of each has been printed.
 */
export async function runChecks(toolchain) {
  const waiting = [...checksOf(toolchain)];
  let failed = 0;
  const work = async () => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      const startedAt = performance.now();
      const { exitCode, output } = await runSupervised(check.command, {
        directory: PROJECT_ROOT,
        output: 'pipe',
      });
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      process.stdout.write(
        `check ${check.name}: ${exitCode === 0 ? 'ok' : 'FAILED'} (${seconds} s)\n`,
      );
      if (exitCode !== 0) {
        failed += 1;
        process.stdout.write(`${output.trimEnd()}\n`);
      }
    }
  };
  const workers = Math.min(MAXIMUM_AT_ONCE, availableParallelism());
  await Promise.all(Array.from({ length: workers }, work));
  return failed;
}
