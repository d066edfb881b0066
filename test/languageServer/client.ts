/** A language client in plain Node, for a server in a process of its own. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

import {
  createMessageConnection,
  type MessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-languageserver/node';

import type {
  InitializationOptions,
  RequestMap,
  RequestName,
} from '../../server/protocol/languageMessages.ts';
import { PROTOCOL_VERSION } from '../../server/protocol/version.ts';

const PROGRAM = path.resolve('server/src/languageServer/main.ts');

export interface TestClient {
  readonly process: ChildProcess;
  readonly connection: MessageConnection;
  /** What the server answered to `initialize`. */
  readonly initialized: { readonly capabilities: Readonly<Record<string, unknown>> };
  readonly notifications: { readonly method: string; readonly parameters: unknown }[];
  /** Requests of the server to the client, in order. */
  readonly serverRequests: { readonly method: string; readonly parameters: unknown }[];
  request<Name extends RequestName>(
    name: Name,
    parameters: RequestMap[Name]['parameters'],
  ): Promise<RequestMap[Name]['result']>;
  documentText(uri: string): Promise<string>;
  /** Opens a document in the editor: its text goes to the server. */
  open(uri: string, text: string): Promise<void>;
  /** Says goodbye; resolves with the exit code of the server. */
  close(): Promise<number | null>;
}

export type StartOptions = Partial<InitializationOptions> & { readonly storageFolder: string };

/**
 * Starts a server over stdio and initialises it.
 * @param rerunTimes the client's setting of that name; absent for a client without settings
 */
export async function startClient(options: StartOptions, rerunTimes?: number): Promise<TestClient> {
  const server = fork(PROGRAM, ['--stdio'], {
    stdio: ['pipe', 'pipe', 'inherit', 'ipc'],
    execArgv: ['--experimental-strip-types', '--disable-warning=ExperimentalWarning'],
  });
  const connection = createMessageConnection(
    new StreamMessageReader(server.stdout!),
    new StreamMessageWriter(server.stdin!),
  );
  const notifications: { method: string; parameters: unknown }[] = [];
  const serverRequests: { method: string; parameters: unknown }[] = [];
  connection.onNotification((method, parameters) => {
    notifications.push({ method, parameters });
  });
  connection.onRequest((method, parameters) => {
    serverRequests.push({ method, parameters });
    return method === 'workspace/configuration' ? [rerunTimes] : null;
  });
  connection.listen();
  const initialized: TestClient['initialized'] = await connection.sendRequest('initialize', {
    processId: process.pid,
    rootUri: null,
    capabilities: {
      textDocument: { codeLens: {}, inlayHint: {} },
      workspace: {
        configuration: rerunTimes !== undefined,
        codeLens: { refreshSupport: true },
        inlayHint: { refreshSupport: true },
        textDocumentContent: {},
      },
    },
    initializationOptions: {
      protocolVersion: PROTOCOL_VERSION,
      workspaceFolders: [],
      pythonPath: '',
      ...options,
    },
  });
  await connection.sendNotification('initialized', {});
  return {
    process: server,
    connection,
    initialized,
    notifications,
    serverRequests,
    request: (name, parameters) => connection.sendRequest(name, parameters),
    documentText: async (uri) => {
      const { text } = await connection.sendRequest<{ text: string }>(
        'workspace/textDocumentContent',
        { uri },
      );
      return text;
    },
    open: (uri, text) =>
      connection.sendNotification('textDocument/didOpen', {
        textDocument: { uri, languageId: 'python', version: 1, text },
      }),
    close: async () => {
      const exited = once(server, 'exit') as Promise<[number | null]>;
      await connection.sendRequest('shutdown');
      await connection.sendNotification('exit');
      const [code] = await exited;
      connection.dispose();
      return code;
    },
  };
}
