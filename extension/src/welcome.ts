/** The first window with AZR Studio opens on its walkthrough, so that nobody meets an empty one. */
import { workspace, type ExtensionContext } from 'vscode';

import { openWalkthrough } from './commands/openWalkthrough.ts';

const WELCOMED_KEY = 'azr.welcomed';
/** VS Code's own setting. It opens walkthroughs itself only where it installs an extension from a gallery. */
const WALKTHROUGHS_SECTION = 'workbench.welcomePage.walkthroughs';

/** Once per user, and not where the user wants no walkthroughs. */
export async function welcome(context: Pick<ExtensionContext, 'globalState' | 'extension'>) {
  if (context.globalState.get(WELCOMED_KEY) === true) return;
  await context.globalState.update(WELCOMED_KEY, true);
  const isWanted = workspace
    .getConfiguration(WALKTHROUGHS_SECTION)
    .get<boolean>('openOnInstall', true);
  if (isWanted) await openWalkthrough({ context });
}
