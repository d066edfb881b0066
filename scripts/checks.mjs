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
/** Python's tools import from their own environment, not from whatever lies in the clone's top folder. */
export const SAFE_PATH = { PYTHONSAFEPATH: '1' };
const PYTHON_FOLDERS = ['server/engine', 'server/nano', 'server/sandbox', 'bench/engine'];

/**
 * @typedef {object} Check
 * @property {string} name
 * @property {readonly string[]} command
 */

/**
 * Those that need nothing of Python.
 * @param {string} node
 * @returns {readonly Check[]}
 */
export function nodeChecks(node) {
  const tool = (/** @type {string} */ file) => toolOf(node, file);
  const sources = ['extension', 'server', 'webview', 'test', 'bench', 'scripts'];
  return [
    // The two that take longest come first.
    { name: 'format', command: [...tool('prettier/bin/prettier.cjs'), '--check', '.'] },
    { name: 'lint', command: [...tool('eslint/bin/eslint.js'), '.', '--max-warnings', '0'] },
    { name: 'lint with types', command: [...tool('oxlint/bin/oxlint'), '--type-aware', '.'] },
    { name: 'types', command: [...tool('typescript-native/bin/tsc'), '-p', '.'] },
    { name: 'webview types', command: [...tool('typescript-native/bin/tsc'), '-p', 'webview'] },
    {
      name: 'webview test types',
      command: [...tool('typescript-native/bin/tsc'), '-p', 'test/webview'],
    },
    { name: 'unused code', command: tool('knip/bin/knip.js') },
    {
      name: 'layers',
      command: [
        ...tool('dependency-cruiser/bin/dependency-cruiser.mjs'),
        ...['--config', 'dependency-cruiser.config.mjs', ...sources],
      ],
    },
  ];
}

/**
 * @param {import('./bootstrap/bootstrap.mjs').Toolchain} toolchain
 * @returns {readonly Check[]}
 */
export function pythonChecks({ node, python }) {
  const folders = PYTHON_FOLDERS.filter((folder) => existsSync(path.join(PROJECT_ROOT, folder)));
  return [
    { name: 'Python types', command: toolOf(node, 'pyright/index.js') },
    { name: 'Python lint', command: [python, '-m', 'ruff', 'check', ...folders] },
    { name: 'Python format', command: [python, '-m', 'ruff', 'format', '--check', ...folders] },
  ];
}

/**
 * @param {string} node
 * @param {string} file
 */
function toolOf(node, file) {
  return [node, ROOM_FOR_NEW_OBJECTS, path.join('node_modules', file)];
}

/**
 * @param {readonly Check[]} checks
 * @param {object} [options]
 * @param {number} [options.atOnce]
 * @param {Promise<unknown>} [options.silentUntil] They begin at once, and say nothing before it is there.
 * @returns {Promise<readonly string[]>} The names of those that failed. The output of each has been printed.
 */
export async function runChecks(checks, options = {}) {
  const { atOnce = MAXIMUM_AT_ONCE, silentUntil } = options;
  const waiting = [...checks];
  /** @type {Promise<readonly string[]>[]} */
  const outcomes = [];
  const work = async () => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      const startedAt = performance.now();
      const { exitCode, output } = await runSupervised(check.command, {
        directory: PROJECT_ROOT,
        environment: SAFE_PATH,
        output: 'pipe',
      });
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      const passed = exitCode === 0;
      const text = `check ${check.name}: ${passed ? 'ok' : 'FAILED'} (${seconds} s)\n`;
      outcomes.push(
        Promise.resolve(silentUntil).then(() => {
          process.stdout.write(passed ? text : `${text}${output.trimEnd()}\n`);
          return passed ? [] : [`check ${check.name}`];
        }),
      );
    }
  };
  const workers = Math.min(atOnce, availableParallelism());
  await Promise.all(Array.from({ length: workers }, work));
  const failures = await Promise.all(outcomes);
  return failures.flat();
}
