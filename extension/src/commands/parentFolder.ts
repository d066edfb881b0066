/** Where a new run or evaluation is put. */
import { workspace, type ExtensionContext } from 'vscode';

import { runsFolder } from '../settings.ts';
import { t } from '../shown/safeText.ts';
import { window } from '../shown/safeWindow.ts';

/** The setting's folder, the workspace's, or the extension's own storage. Undefined: given up. */
export async function parentFolder({
  context,
}: {
  readonly context: ExtensionContext;
}): Promise<string | undefined> {
  const configured = runsFolder();
  if (configured !== '') return configured;
  const folders = workspace.workspaceFolders ?? [];
  if (folders.length > 1) {
    const chosen = await window.showWorkspaceFolderPick({
      placeHolder: t('Folder for the run and its results'),
    });
    return chosen?.uri.fsPath;
  }
  const [folder] = folders;
  if (folder !== undefined) return folder.uri.fsPath;
  const storage = context.globalStorageUri;
  await workspace.fs.createDirectory(storage);
  return storage.fsPath;
}
