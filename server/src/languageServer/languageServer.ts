/**
 * The language server: tells a window of the runs on this machine, serves their tasks and answers as
 * documents, and runs them again. It owns no run; runners live on when it ends.
 */
import {
  type Connection,
  ErrorCodes,
  type InitializeResult,
  ResponseError,
  TextDocumentSyncKind,
} from 'vscode-languageserver/node';

import { DOCUMENT_SCHEME } from '../../protocol/languageMessages.ts';
import { checkInitialization } from './initialization.ts';
import { ServerSession } from './serverSession.ts';

/** Serves `connection` until its client says goodbye. */
export function serveConnection(connection: Connection): void {
  let session: ServerSession | undefined;
  connection.onInitialize(({ initializationOptions, capabilities }): InitializeResult => {
    // A client of another version gets the reason, and nothing else is served to it.
    const options = checkInitialization(initializationOptions);
    if (session !== undefined) {
      throw new ResponseError(ErrorCodes.InvalidRequest, 'The server is initialised already.');
    }
    session = new ServerSession(connection, options, capabilities);
    return {
      serverInfo: { name: 'AZR Studio' },
      capabilities: {
        textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental },
        codeLensProvider: { resolveProvider: false },
        hoverProvider: true,
        inlayHintProvider: { resolveProvider: false },
        documentSymbolProvider: true,
        documentLinkProvider: { resolveProvider: false },
        workspace: { textDocumentContent: { schemes: [DOCUMENT_SCHEME] } },
      },
    };
  });
  connection.onInitialized(() => {
    session?.start();
  });
  connection.onShutdown(async () => {
    await session?.close();
    session = undefined;
  });
  connection.listen();
}
