/** AZR Studio in the browser, until Ctrl-C. */
import path from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

import { layoutOf } from '../bootstrap/layout.mjs';
import { findVscodeNode } from '../bootstrap/nodeRuntime.mjs';
import { findVscodeServer } from '../bootstrap/vscodeServer.mjs';
import { installExtension, startCodeServer } from './codeServer.mjs';
import { freePort } from './freePort.mjs';
import { openBrowser } from './openBrowser.mjs';
import { signInFileIn } from './signInFile.mjs';
import { LINK_LIFETIME_MINUTES } from './signInLinks.mjs';
import { openStudioGate } from './studioGate.mjs';

/** The browser keeps the window's layout by host and port, so these should stay the same. */
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
    port: await freePort(),
    machineSettings: { 'azr.pythonPath': options.python },
  });
  const gate = await openStudioGate({
    server: served,
    port: await freePort(PREFERRED_PORT),
    folder,
    trustedFolder: options.trusted ? decodeURIComponent(pathToFileURL(folder).pathname) : undefined,
  });
  const signInFile = signInFileIn(root);
  gate.onSignedIn(() => {
    signInFile.remove();
  });
  const offerLink = () => {
    const link = gate.issueLink();
    let isOpening = false;
    if (options.open && process.stdout.isTTY) {
      signInFile.write(link);
      isOpening = openBrowser(signInFile.file);
    }
    process.stdout.write(linkText(link, isOpening));
  };
  const keys = process.stdin.isTTY ? createInterface({ input: process.stdin }) : undefined;
  keys?.on('line', offerLink);
  try {
    process.stdout.write('\nAZR Studio is ready. ');
    offerLink();
    process.stdout.write(placeText(new URL(gate.origin).port, keys !== undefined));
    const stopped = new Promise((resolve) => {
      signal.addEventListener('abort', resolve, { once: true });
      if (signal.aborted) {
        resolve(undefined);
      }
    });
    const ended = served.ended.then(() => 'ended');
    if ((await Promise.race([stopped, ended])) === 'ended') {
      process.stderr.write(`VS Code has ended by itself; its log is ${served.logFile}.\n`);
      return 1;
    }
    process.stdout.write(
      '\nAZR Studio is closed. Runs under way go on; npm start shows them again.\n',
    );
    return 0;
  } finally {
    keys?.close();
    signInFile.remove();
    await gate.close();
    await served.stop();
  }
}

/**
 * @param {string} link
 * @param {boolean} isOpening Whether the browser is being opened on a file that leads to the link.
 */
function linkText(link, isOpening) {
  return `${isOpening ? 'Your browser opens it now. If it cannot read the file, open this link there:' : 'Open this link in your browser:'}

  ${link}

It signs one browser in, once, within ${LINK_LIFETIME_MINUTES} minutes; from then on, that browser may reload and come back.
`;
}

/**
 * @param {string} port
 * @param {boolean} hasKeys Whether somebody may press keys.
 */
function placeText(port, hasKeys) {
  return `${hasKeys ? 'Press Enter for another link. ' : ''}From another machine, forward the port first: ssh -L ${port}:127.0.0.1:${port} …

Ctrl-C closes it. A run that you started goes on without it, and is there when you come back.
`;
}
