/**
 * What the extension sees of the language client. The client itself is a bundle of its own that is
 * loaded with the first request, so that activation stays light.
 */
import type { CancellationToken, LogOutputChannel } from 'vscode';

import type { InitializationOptions } from '../../../server/protocol/languageMessages.ts';

export interface ServerLinkOptions {
  /** Path of the server's bundle. */
  readonly serverModule: string;
  readonly log: LogOutputChannel;
  /** Goes over the editor's own environment. Never traced, unlike messages. */
  readonly environment: Readonly<Record<string, string>>;
  /** Asked for at every start, also after a crash: settings may have changed. */
  readonly initialization: () => InitializationOptions;
  readonly onRunning: () => void;
  readonly onNotification: (method: string, parameters: unknown) => void;
  /** A document that the server serves has a new text. */
  readonly onDocumentRefreshed: (uri: string) => void;
  /** The server crashed too often and is not started again. */
  readonly onGivenUp: () => void;
}

export interface ServerLink {
  /** Rejects when the server does not start or refuses this extension's protocol version. */
  start(): Promise<void>;
  stop(): Promise<void>;
  request(method: string, parameters: unknown, token?: CancellationToken): Promise<unknown>;
}
