/** Opens the walkthrough, which ends in a running loop. */
import { commands, type ExtensionContext } from 'vscode';

const WALKTHROUGH_ID = 'azr.start';

export async function openWalkthrough({
  context,
}: {
  readonly context: Pick<ExtensionContext, 'extension'>;
}): Promise<void> {
  const walkthrough = `${context.extension.id}#${WALKTHROUGH_ID}`;
  await commands.executeCommand('workbench.action.openWalkthrough', walkthrough, false);
}
