/** Run folders: showing one, and adding one from elsewhere. */
import { commands, env, UIKind, Uri, workspace } from 'vscode';

import { foreignText, t } from '../shown/safeText.ts';
import { window } from '../shown/safeWindow.ts';
import type { Studio } from '../studio.ts';
import { runOfArgument } from './argument.ts';

/** In the file manager, or in the explorer where the folder is on another machine. */
export async function revealRunFolder(studio: Studio, argument: unknown): Promise<void> {
  const run = await runOfArgument(studio, argument, {
    isEligible: () => true,
    placeHolder: t('Choose a run to show its folder'),
  });
  if (run === undefined) return;
  const uri = Uri.file(run.folder);
  const isHere = env.remoteName === undefined && env.uiKind === UIKind.Desktop;
  if (isHere) await commands.executeCommand('revealFileInOS', uri);
  else if (workspace.getWorkspaceFolder(uri) !== undefined) {
    await commands.executeCommand('revealInExplorer', uri);
  } else await offerFolder(run.folder, uri);
}

async function offerFolder(folder: string, uri: Uri): Promise<void> {
  const open = t('Open in New Window');
  const copy = t('Copy Path');
  const chosen = await window.showInformationMessage(foreignText(folder), open, copy);
  if (chosen === copy) await env.clipboard.writeText(folder);
  if (chosen === open) {
    await commands.executeCommand('vscode.openFolder', uri, { forceNewWindow: true });
  }
}

export async function openRunFolder(studio: Studio): Promise<void> {
  const [chosen] =
    (await window.showOpenDialog({
      canSelectFiles: false,
      canSelectFolders: true,
      canSelectMany: false,
      openLabel: t('Open Run'),
      title: t('Open a Run Folder'),
    })) ?? [];
  if (chosen === undefined) return;
  const { runId } = await studio.connection.request('azr/openRunFolder', {
    folder: chosen.fsPath,
  });
  await studio.rememberFolder(chosen.fsPath);
  await studio.showRun(runId);
}
