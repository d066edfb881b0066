/** AZR Studio in the browser, until Ctrl-C. */
import path from 'node:path';

import { layoutOf } from '../bootstrap/layout.mjs';
import { findVscodeNode } from '../bootstrap/nodeRuntime.mjs';
import { findVscodeServer } from '../bootstrap/vscodeServer.mjs';
import { installExtension, startCodeServer } from './codeServer.mjs';
import { freePort } from './freePort.mjs';
import { openBrowser } from './openBrowser.mjs';
import { serveSignInLink } from './signInLink.mjs';

/** The browser keeps the window's layout by address, so the address should stay the same. */
const PREFERRED_PORT = 8473;

/**
 * @param {object} options
 * @param {string} options.root
 * @param {string} options.vsix
 * @param {string} options.folder
 * @param {string} options.python
 * @param {boolean} options.trusted Whether the folder is ours, and needs no question about trust.
 * @param {boolean} options.open
 * @param {AbortSignal} options.signal
 * @returns {Promise<number>} The exit code.
 */
export async function serveStudio(options) {
  const { root, folder, signal } = options;
  const layout = layoutOf(root);
  const entry = findVscodeServer(layout);
  const node = findVscodeNode(layout);
  if (entry === undefined || node === undefined) {
    throw new Error('VS Code was set up, and yet it is not there.');
  }
  const dataFolder = path.join(layout.tools, 'studio');
  const vscode = { node, entry, dataFolder };
  await installExtension(vscode, options.vsix);
  const served = await startCodeServer(vscode, {
    port: await freePort(PREFERRED_PORT),
    machineSettings: { 'azr.pythonPath': options.python },
    arguments: options.trusted ? ['--disable-workspace-trust'] : [],
  });
  const gate = await serveSignInLink(served, folder);
  try {
    process.stdout.write(`
AZR Studio is ready. Open this link; it signs your browser in, so keep it to yourself:

  ${gate.link}

From another machine, forward port ${served.port} to it (ssh -L ${served.port}:127.0.0.1:${served.port} …), then open
${served.origin}/?folder=${encodeURIComponent(folder)} there; the password is ${served.password}

Ctrl-C closes it. A run that you started goes on without it, and is there when you come back.
`);
    if (options.open && process.stdout.isTTY) {
      openBrowser(gate.link);
    }
    const stopped = new Promise((resolve) => {
      signal.addEventListener('abort', resolve, { once: true });
      if (signal.aborted) {
        resolve(undefined);
      }
    });
    await Promise.race([stopped, served.ended]);
    if (!signal.aborted) {
      process.stderr.write(`VS Code has ended by itself; its log is ${served.logFile}.\n`);
      return 1;
    }
    process.stdout.write(
      '\nAZR Studio is closed. Runs under way go on; npm start shows them again.\n',
    );
    return 0;
  } finally {
    gate.close();
    await served.stop();
  }
}
