/**
 * Entry point of the extension, called when a window has started. It only registers: the server, and the
 * client that talks to it, are loaded with the first command or visible view.
 */
import { ExtensionMode, workspace, type ExtensionContext } from 'vscode';

import { DOCUMENT_SCHEME } from '../../server/protocol/languageMessages.ts';
import { registerCommands } from './commands/registerCommands.ts';
import { Studio } from './studio.ts';
import { welcome } from './welcome.ts';

/** The tests in the extension host get what the window is made of; other extensions get nothing. */
export function activate(context: ExtensionContext): Studio | undefined {
  const studio = new Studio(context);
  context.subscriptions.push(
    studio,
    registerCommands(studio),
    workspace.registerFileSystemProvider(DOCUMENT_SCHEME, studio.documents, {
      isReadonly: true,
      isCaseSensitive: true,
    }),
  );
  studio.startIfRunsAreAtWork().catch((error: unknown) => {
    studio.tell(error);
  });
  if (context.extensionMode === ExtensionMode.Test) return studio;
  welcome(studio).catch((error: unknown) => {
    studio.tell(error);
  });
  return undefined;
}
