/** The real VS Code with the packed extension installed, in a folder of its own, for the tests. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { layoutOf } from '../../../scripts/bootstrap/layout.mjs';
import { interpreterIn } from '../../../server/src/python/environment.mjs';
import { findVscodeNode } from '../../../scripts/bootstrap/nodeRuntime.mjs';
import { findVscodeServer } from '../../../scripts/bootstrap/vscodeServer.mjs';
import { installExtension, startCodeServer } from '../../../scripts/studio/codeServer.mjs';
import { freePort } from '../../../scripts/studio/freePort.mjs';
import { openStudioGate } from '../../../scripts/studio/studioGate.mjs';
import { processesMentioning, type RunningProcess } from './processes.ts';

const PROJECT = path.resolve(import.meta.dirname, '../../..');
/** How long what the server started may take to end with it. */
const END_TIMEOUT_MS = 10_000;

/** What a test needs to know of the server; plain data, handed to the test's process. */
export interface StudioAddress {
  /** Of the workbench: `http://127.0.0.1:8473/azr-…/`. */
  readonly workbench: string;
  /** The cookie of a browser that is signed in. */
  readonly session: { readonly name: string; readonly value: string };
  /** Everything of this server lies below it, workspaces too. */
  readonly root: string;
}

export interface StudioServer {
  readonly address: StudioAddress;
  /** Ends it; resolves with what it left running, which should be nothing. */
  stop(): Promise<readonly string[]>;
}

export interface StudioOptions {
  /** Installed when given; the tests of the extension host load the folder instead. */
  readonly vsix?: string;
  readonly environment?: NodeJS.ProcessEnv;
}

export async function startStudioServer(options: StudioOptions): Promise<StudioServer> {
  const layout = layoutOf(PROJECT);
  const entry = findVscodeServer(layout);
  const node = findVscodeNode(layout);
  if (entry === undefined || node === undefined) {
    throw new Error('VS Code is not set up here; `npm test` or `npm start` sets it up.');
  }
  const root = mkdtempSync(path.join(tmpdir(), `azr-studio-${randomUUID().slice(0, 8)}-`));
  const dataFolder = path.join(root, 'vscode');
  const vscode = { node, entry, dataFolder };
  const environment = { HOME: root, ...options.environment };
  if (options.vsix !== undefined) await installExtension(vscode, options.vsix, { environment });
  const served = await startCodeServer(vscode, {
    port: await freePort(),
    settings: TEST_SETTINGS,
    machineSettings: {
      'azr.pythonPath': interpreterIn(layout.pythonEnvironment),
      // The tests begin where a user is who has closed the walkthrough.
      'workbench.welcomePage.walkthroughs.openOnInstall': false,
    },
    arguments: ['--disable-workspace-trust'],
    environment,
  });
  const gate = await openStudioGate({
    ...{ server: served, port: await freePort(), folder: root, trustedFolder: undefined },
  });
  const session = await signedIn(gate.issueLink());
  return {
    address: { workbench: `${gate.origin}${gate.basePath}/`, session, root },
    stop: async () => {
      await gate.close();
      await served.stop();
      const left = await processesLeft(root);
      // A run that a failed test left at work would go on for hours.
      for (const { processId } of left) killIfAlive(processId);
      rmSync(root, { recursive: true, force: true, maxRetries: 5 });
      return left.map(({ processId, command }) => `${String(processId)} ${command}`);
    },
  };
}

async function signedIn(link: string): Promise<StudioAddress['session']> {
  const { headers } = await fetch(link);
  const [, name = '', value = ''] = /^([^=]+)=([^;]+)/.exec(headers.get('set-cookie') ?? '') ?? [];
  return { name, value };
}

const TEST_SETTINGS = {
  // The dialogs of the workbench itself, which a page can drive.
  'files.simpleDialog.enable': true,
  'window.dialogStyle': 'custom',
  'workbench.colorTheme': 'Default Dark Modern',
};

/** Replaces the settings of a workspace, which a running VS Code reads again at once. */
export function writeWorkspaceSettings(
  workspace: string,
  settings: Readonly<Record<string, unknown>>,
): void {
  const folder = path.join(workspace, '.vscode');
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'settings.json'), JSON.stringify(settings, undefined, 2));
}

async function processesLeft(root: string): Promise<readonly RunningProcess[]> {
  const deadline = performance.now() + END_TIMEOUT_MS;
  let left = processesMentioning(root);
  while (left.length > 0 && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    left = processesMentioning(root);
  }
  return left;
}

function killIfAlive(processId: number): void {
  try {
    process.kill(processId, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
