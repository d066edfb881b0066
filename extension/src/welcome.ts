/** The first window with AZR Studio opens on its walkthrough, so that it is never empty. */
import { setTimeout as delay } from 'node:timers/promises';
import { workspace, type ExtensionContext } from 'vscode';

import { openWalkthrough } from './commands/openWalkthrough.ts';

const WELCOMED_KEY = 'azr.welcomed';
/** VS Code's own setting. It opens walkthroughs itself only where it installs an extension from a gallery. */
const WALKTHROUGHS_SECTION = 'workbench.welcomePage.walkthroughs';
/** By then a command that loaded the extension has been called. */
const SETTLE_MS = 500;

export interface NewWindow {
  readonly context: Pick<ExtensionContext, 'globalState' | 'extension'>;
  /** A command was called: a user who knows one is not interrupted. */
  readonly wasUsed: boolean;
}

/** Once per user, and not where the user wants no walkthroughs or is at work already. */
export async function welcome(window: NewWindow): Promise<void> {
  const { context } = window;
  if (context.globalState.get(WELCOMED_KEY) === true) return;
  await context.globalState.update(WELCOMED_KEY, true);
  const isWanted = workspace
    .getConfiguration(WALKTHROUGHS_SECTION)
    .get<boolean>('openOnInstall', true);
  if (!isWanted) return;
  await delay(SETTLE_MS);
  if (!window.wasUsed) await openWalkthrough(window);
}
