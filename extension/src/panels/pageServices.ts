/** What the pages need of the window. */
import type { ExtensionContext, LogOutputChannel } from 'vscode';

import type { ServerConnection } from '../connection/serverConnection.ts';
import type { RunList } from '../state/runList.ts';

export interface PageServices {
  readonly context: ExtensionContext;
  readonly connection: ServerConnection;
  readonly runs: RunList;
  readonly log: LogOutputChannel;
}
