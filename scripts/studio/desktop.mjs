/** Shows AZR Studio in the VS Code that is installed on this machine. */
import { createInterface } from 'node:readline/promises';

import { findOnPath } from '../../server/src/python/findOnPath.mjs';
import { SetupFailure } from '../bootstrap/setupFailure.mjs';
import { runSupervised } from '../bootstrap/spawnSupervised.mjs';

/** @returns {string | undefined} */
export function findDesktopCommand() {
  return findOnPath('code');
}

/**
 * @param {string} command
 * @returns {Promise<boolean>} Whether AZR Studio is to go into the user's own VS Code.
 */
export async function askForDesktop(command) {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(
      `There is a VS Code on this machine (${command}). Install AZR Studio into it? [y/N: browser] `,
    );
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}

/**
 * @param {object} options
 * @param {string | undefined} options.command
 * @param {string} options.vsix
 * @param {string} options.folder
 * @throws {SetupFailure}
 */
export async function openInDesktop({ command, vsix, folder }) {
  if (command === undefined) {
    throw new SetupFailure(
      'step-failed',
      'there is no VS Code on PATH (a program named code).',
      'Install VS Code, or have it put `code` on PATH (in VS Code: Shell Command: Install ’code’ command in PATH), or leave --desktop out to use it in the browser.',
    );
  }
  for (const words of [['--install-extension', vsix, '--force'], [folder]]) {
    const { exitCode, output } = await runSupervised([command, ...words], {
      directory: folder,
      output: 'pipe',
    });
    if (exitCode !== 0) {
      throw new SetupFailure(
        'step-failed',
        `${command} ${words.join(' ')} ended with exit code ${exitCode}.`,
        'Read the last lines above, or leave --desktop out to use VS Code in the browser.',
        { logTail: output.trim() },
      );
    }
  }
}
