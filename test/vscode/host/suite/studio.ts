/** What the extension hands to these tests, and the run that they look at. */
import { cpSync, mkdirSync } from 'node:fs';
import path from 'node:path';

import { extensions, workspace } from 'vscode';

import type { Studio } from '../../../../extension/src/studio.ts';
import type { RunOverview } from '../../../../server/protocol/runs.ts';

export const EXTENSION_ID = 'azr-studio.azr-studio';

export async function activeStudio(): Promise<Studio> {
  const studio = (await extensions.getExtension(EXTENSION_ID)?.activate()) as Studio | undefined;
  if (studio === undefined) throw new Error('The extension is not in test mode.');
  return studio;
}

/** Puts the recorded run into the workspace; it then shows by itself. */
export async function runInWorkspace(): Promise<RunOverview> {
  const studio = await activeStudio();
  const recorded = process.env['AZR_HOST_RUN'] ?? '';
  const workspaceFolder = workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
  const folder = path.join(workspaceFolder, 'runs', path.basename(recorded));
  mkdirSync(path.dirname(folder), { recursive: true });
  cpSync(recorded, folder, { recursive: true });
  await studio.runs.load();
  return until(`the run ${folder}`, () =>
    studio.runs.all.find((run) => run.folder === folder && run.lastStep >= 0),
  );
}

/** Asks again and again until there is an answer. */
export async function until<Value>(
  what: string,
  ask: () => Value | undefined | Promise<Value | undefined>,
  timeoutMs = 20_000,
): Promise<Value> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new Error(`Waited in vain for ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
