/** Where set-up puts things. Everything it makes lies in `.tools`, `.venv`, `node_modules` and `dist`. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {object} Layout
 * @property {string} root The clone's top folder.
 * @property {string} tools
 * @property {string} logs Full output of npm and pip, one file per step.
 * @property {string} lockFile
 * @property {string} nodeRuntime A Node from npm, for systems whose own is too old.
 * @property {string} vscode VS Code's server and web workbench, from npm.
 * @property {string} pythonEnvironment
 * @property {string} engine Has the locks that say which Python packages belong into the environment.
 */

/**
 * @param {string} root
 * @returns {Layout}
 */
export function layoutOf(root) {
  const tools = path.join(root, '.tools');
  return {
    root,
    tools,
    logs: path.join(tools, 'logs'),
    lockFile: path.join(tools, 'setup.lock'),
    nodeRuntime: path.join(tools, 'node'),
    vscode: path.join(tools, 'vscode'),
    pythonEnvironment: path.join(root, '.venv'),
    engine: path.join(root, 'server', 'engine'),
  };
}

/** The clone that these scripts belong to. */
export const PROJECT_ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');
