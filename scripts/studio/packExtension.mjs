/** Packs the extension into the VSIX that is then installed. */
import path from 'node:path';

import { diagnoseOutput } from '../bootstrap/diagnose.mjs';
import { layoutOf } from '../bootstrap/layout.mjs';
import { createProgress } from '../bootstrap/progress.mjs';
import { runCommand } from '../bootstrap/runCommand.mjs';

/**
 * @param {object} options
 * @param {string} options.root
 * @param {string} options.node
 * @param {AbortSignal} options.signal
 * @returns {Promise<string>} The VSIX.
 * @throws {import('../bootstrap/setupFailure.mjs').SetupFailure}
 */
export async function packExtension({ root, node, signal }) {
  const layout = layoutOf(root);
  await createProgress(process.stderr).step('Packing the extension', async (onLine) => {
    const run = await runCommand({
      command: node,
      arguments: [path.join(root, 'scripts', 'package.mjs')],
      directory: root,
      logFile: path.join(layout.logs, 'package.log'),
      signal,
      onLine,
    });
    if (run.exitCode !== 0) {
      throw diagnoseOutput('packing the extension', run.output, run);
    }
  });
  return path.join(root, 'dist', 'azr-studio.vsix');
}
