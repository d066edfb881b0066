/** Entry point of the extension. It only registers; each command lives in a file of its own. */
import { commands, type ExtensionContext } from 'vscode';

import { startRun } from './startRun.ts';

export function activate(context: ExtensionContext): void {
  context.subscriptions.push(
    commands.registerCommand('azr.startRun', () => startRun(context.extensionPath)),
  );
}
