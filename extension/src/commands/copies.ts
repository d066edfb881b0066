/** Copies of documents: an editable scratch file, or a Python file that runs by itself. */
import { env, Uri, workspace } from 'vscode';

import { foreignText, t, withIcon } from '../shown/safeText.ts';
import { window } from '../shown/safeWindow.ts';
import type { Studio } from '../studio.ts';
import { addressOf } from './argument.ts';

export async function openScratch(studio: Studio, argument: unknown): Promise<void> {
  const { uri } = addressOf(argument);
  const { path } = await studio.connection.request('azr/scratch', { uri });
  await window.showTextDocument(Uri.file(path), { preview: false });
}

export async function copyPythonFile(studio: Studio, argument: unknown): Promise<void> {
  const { uri } = addressOf(argument);
  const { name, text } = await studio.connection.request('azr/pythonFile', { uri });
  const toClipboard = {
    label: withIcon('clippy', t('Copy to Clipboard')),
    kindOfCopy: 'clipboard',
  } as const;
  const toFile = {
    label: withIcon('save', t('Save As…')),
    description: foreignText(name),
    kindOfCopy: 'file',
  } as const;
  const chosen = await window.showQuickPick<typeof toClipboard | typeof toFile>(
    [toClipboard, toFile],
    {
      placeHolder: t('Copy to'),
    },
  );
  if (chosen?.kindOfCopy === 'clipboard') {
    await env.clipboard.writeText(text);
    window.setStatusBarMessage(withIcon('check', t('Copied {0} to the clipboard', name)), 5000);
  } else if (chosen?.kindOfCopy === 'file') {
    await saveAs(name, text);
  }
}

async function saveAs(name: string, text: string): Promise<void> {
  const folder = workspace.workspaceFolders?.[0]?.uri;
  const target = await window.showSaveDialog({
    filters: { Python: ['py'] },
    ...(folder !== undefined && { defaultUri: Uri.joinPath(folder, name) }),
  });
  if (target === undefined) return;
  await workspace.fs.writeFile(target, new TextEncoder().encode(text));
  await window.showTextDocument(target);
}
