/** `npm start`: sets up what is missing and opens AZR Studio; `-- --help` tells the rest. */
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';

import { PROJECT_ROOT } from './bootstrap/layout.mjs';
import { prepare } from './bootstrap/prepare.mjs';
import { runInForeground } from './bootstrap/runInForeground.mjs';
import { SetupFailure, describeFailure } from './bootstrap/setupFailure.mjs';
import { makeDemoFolder } from './studio/demoFolder.mjs';
import { askForDesktop, findDesktopCommand, openInDesktop } from './studio/desktop.mjs';
import { packExtension } from './studio/packExtension.mjs';
import { serveStudio } from './studio/serveStudio.mjs';
import { USAGE, readStartArguments } from './studio/startArguments.mjs';

/**
 * @param {Extract<import('./studio/startArguments.mjs').StartRequest, { kind: 'studio' }>} request
 * @returns {Promise<number>} The exit code.
 */
async function openStudio(request) {
  const named = request.folder === undefined ? undefined : path.resolve(request.folder);
  if (named !== undefined && !(existsSync(named) && statSync(named).isDirectory())) {
    process.stderr.write(`${named} is not a folder. Name one that exists, or leave it out.\n`);
    return 2;
  }
  const command = findDesktopCommand();
  const onTerminal = process.stdin.isTTY && process.stderr.isTTY;
  const desktop =
    request.place === 'desktop' ||
    (request.place === 'ask' &&
      command !== undefined &&
      onTerminal &&
      (await askForDesktop(command)));
  const { node, python } = await prepare(desktop ? [] : ['vscode']);

  const controller = new AbortController();
  for (const name of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(name, () => {
      controller.abort();
    });
  }
  const { signal } = controller;
  try {
    const folder = named ?? makeDemoFolder(path.join(PROJECT_ROOT, 'demo'), { python });
    const vsix = await packExtension({ root: PROJECT_ROOT, node, signal });
    if (!desktop) {
      const trusted = named === undefined;
      const { open } = request;
      return await serveStudio({ root: PROJECT_ROOT, vsix, folder, python, trusted, open, signal });
    }
    await openInDesktop({ command, vsix, folder });
    process.stdout.write(
      `AZR Studio is installed in your VS Code, which opens ${folder}. Press F1 there and choose Start AZR Run.\n`,
    );
    return 0;
  } catch (error) {
    if (error instanceof SetupFailure) {
      process.stderr.write(`\n${describeFailure(error)}\n`);
      return error.exitCode;
    }
    throw error;
  }
}

/** @param {readonly string[]} runArguments */
async function runHeadless(runArguments) {
  const { node } = await prepare();
  const cli = path.join(PROJECT_ROOT, 'dist', 'cli.mjs');
  return runInForeground(node, [cli, 'run', ...runArguments]);
}

const request = readStartArguments(process.argv.slice(2));
switch (request.kind) {
  case 'headless':
    process.exitCode = await runHeadless(request.arguments);
    break;
  case 'studio':
    process.exitCode = await openStudio(request);
    break;
  case 'help':
    process.stdout.write(USAGE);
    break;
  case 'mistake':
    process.stderr.write(`${request.message}\n\n${USAGE}`);
    process.exitCode = 2;
    break;
}
