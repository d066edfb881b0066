/** Start AZR Run: trains in a terminal of the chosen folder. It has no view of its own yet. */
import { commands, l10n, window, workspace, type WorkspaceFolder } from 'vscode';

import { runTerminal } from './runTerminal.ts';

/** Asks for a folder where there are several, and does nothing when the user picks none. */
export async function startRun(extensionPath: string): Promise<void> {
  const folders = workspace.workspaceFolders ?? [];
  if (folders.length === 0) {
    await offerToOpenFolder();
    return;
  }
  const folder = await chooseFolder(folders);
  if (folder !== undefined) {
    const terminal = window.createTerminal(
      runTerminal({
        name: l10n.t('AZR Run'),
        extensionPath,
        folderPath: folder.uri.fsPath,
        nodePath: process.execPath,
      }),
    );
    terminal.show();
  }
}

async function chooseFolder(
  folders: readonly WorkspaceFolder[],
): Promise<WorkspaceFolder | undefined> {
  return folders.length === 1
    ? folders[0]
    : window.showWorkspaceFolderPick({
        placeHolder: l10n.t('Folder in which the run keeps its file and results'),
      });
}

async function offerToOpenFolder(): Promise<void> {
  const open = l10n.t('Open Folder…');
  const chosen = await window.showErrorMessage(
    l10n.t(
      'A run keeps its results in a folder, and none is open. Open a folder, then start again.',
    ),
    open,
  );
  if (chosen === open) {
    await commands.executeCommand('vscode.openFolder');
  }
}
