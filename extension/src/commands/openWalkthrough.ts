/** Opens the walkthrough, which ends in a running loop. */
import { commands } from 'vscode';

import type { Studio } from '../studio.ts';

const WALKTHROUGH_ID = 'azr.start';

export async function openWalkthrough({ context }: Studio): Promise<void> {
  const walkthrough = `${context.extension.id}#${WALKTHROUGH_ID}`;
  await commands.executeCommand('workbench.action.openWalkthrough', walkthrough, false);
}
