/** Entry of the bundle with vscode-languageclient: starts the server over IPC and restarts it. */
import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  RevealOutputChannelOn,
  State,
  TextDocumentContentRequest,
  TransportKind,
  type ErrorHandler,
} from 'vscode-languageclient/node';

import {
  DOCUMENT_SCHEME,
  MODEL_PROGRESS,
  RUNS_CHANGED,
  RUN_ENDED,
  SCRATCH_SUFFIX,
} from '../../../server/protocol/languageMessages.ts';
import { CrashCounter } from './crashCounter.ts';
import type { ServerLink, ServerLinkOptions } from './serverLink.ts';

/** How long a server may take to end by itself before it is killed. */
const STOP_TIMEOUT_MS = 5000;

export function openServerLink(options: ServerLinkOptions): ServerLink {
  const client = new LanguageClient(
    'azr',
    'AZR',
    {
      module: options.serverModule,
      transport: TransportKind.ipc,
      options: { env: options.environment },
    },
    {
      documentSelector: [
        { scheme: DOCUMENT_SCHEME },
        { scheme: 'file', pattern: `**/*${SCRATCH_SUFFIX}` },
      ],
      initializationOptions: options.initialization,
      // The caller of the start says what went wrong; the client must not say it once more.
      initializationFailedHandler: () => false,
      errorHandler: crashPolicy(options.onGivenUp),
      outputChannel: options.log,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      // Hovers quote what a model wrote.
      markdown: { isTrusted: false, supportHtml: false },
    },
  );
  for (const method of [RUNS_CHANGED, RUN_ENDED, MODEL_PROGRESS]) {
    client.onNotification(method, (parameters: unknown) => {
      options.onNotification(method, parameters);
    });
  }
  client.onDidChangeState(({ newState }) => {
    if (newState !== State.Running) return;
    forwardRefreshes(client, options.onDocumentRefreshed);
    options.onRunning();
  });
  return {
    start: () => client.start(),
    stop: () => client.dispose(STOP_TIMEOUT_MS),
    // An undefined token would be sent as a parameter.
    request: (method, parameters, token) =>
      token === undefined
        ? client.sendRequest(method, parameters)
        : client.sendRequest(method, parameters, token),
  };
}

function crashPolicy(onGivenUp: () => void): ErrorHandler {
  const crashes = new CrashCounter();
  return {
    error: (_error, _message, count) => ({
      action: (count ?? 0) <= 3 ? ErrorAction.Continue : ErrorAction.Shutdown,
      handled: true,
    }),
    closed: () => {
      if (crashes.mayRestart()) return { action: CloseAction.Restart, handled: true };
      onGivenUp();
      return { action: CloseAction.DoNotRestart, handled: true };
    },
  };
}

/** Each start of the server registers its document providers anew. */
function forwardRefreshes(client: LanguageClient, onDocumentRefreshed: (uri: string) => void) {
  const feature = client.getFeature(TextDocumentContentRequest.method);
  for (const { onDidChangeEmitter } of feature?.getProviders() ?? []) {
    onDidChangeEmitter.event((uri) => {
      onDocumentRefreshed(uri.toString());
    });
  }
}
