/**
 * The connection to the language server: opened by the first request, restarted after crashes, and
 * closed with the window. Runs are none of its business: they live in processes of their own.
 */
import { ProblemError } from '../../../server/protocol/problem.ts';
import { createRequire } from 'node:module';
import path from 'node:path';
import {
  EventEmitter,
  type CancellationToken,
  type Disposable,
  type LogOutputChannel,
} from 'vscode';

import {
  MODEL_PROGRESS,
  RUNS_CHANGED,
  RUN_ENDED,
  type InitializationOptions,
  type ModelProgress,
  type RequestMap,
  type RequestName,
  type RunEnded,
  type RunsChanged,
} from '../../../server/protocol/languageMessages.ts';
import type { RunOverview } from '../../../server/protocol/runs.ts';
import { t } from '../shown/safeText.ts';
import type * as LanguageClientBundle from './languageClient.ts';
import type { ServerLink } from './serverLink.ts';

/** `ErrorCodes.ConnectionInactive` of vscode-jsonrpc, which is in the other bundle. */
const CONNECTION_INACTIVE = -32_096;

export type ConnectionState = 'idle' | 'starting' | 'running' | 'failed';

export interface ServerConnectionOptions {
  readonly extensionPath: string;
  readonly log: LogOutputChannel;
  readonly initialization: () => InitializationOptions;
  /** Goes over the editor's own; asked for at every start. */
  readonly environment: () => Promise<Readonly<Record<string, string>>>;
}

/** A server from its start on. */
class Server {
  readonly started: Promise<ServerLink>;
  /** There as soon as its process is. */
  link: ServerLink | undefined;

  constructor(start: (server: Server) => Promise<ServerLink>) {
    this.started = start(this);
  }
}

export class ServerConnection implements Disposable {
  readonly #options: ServerConnectionOptions;
  readonly #stateChanged = new EventEmitter<ConnectionState>();
  readonly #runsChanged = new EventEmitter<readonly RunOverview[]>();
  readonly #runEnded = new EventEmitter<RunOverview>();
  readonly #modelProgressed = new EventEmitter<ModelProgress>();
  readonly #documentRefreshed = new EventEmitter<string>();
  readonly #gaveUp = new EventEmitter<ProblemError>();
  #state: ConnectionState = 'idle';
  /** The server that is asked. One that another took the place of changes nothing here any more. */
  #server: Server | undefined;
  #isDisposed = false;

  readonly onDidChangeState = this.#stateChanged.event;
  readonly onRunsChanged = this.#runsChanged.event;
  readonly onRunEnded = this.#runEnded.event;
  readonly onModelProgress = this.#modelProgressed.event;
  readonly onDocumentRefreshed = this.#documentRefreshed.event;
  /** The server crashed too often; only the user can start it again. */
  readonly onDidGiveUp = this.#gaveUp.event;

  constructor(options: ServerConnectionOptions) {
    this.#options = options;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Starts the server unless it runs. Throws what a start fails with; the next call tries again. */
  async start(): Promise<void> {
    await this.#withLink(() => Promise.resolve());
  }

  async request<Name extends RequestName>(
    name: Name,
    parameters: RequestMap[Name]['parameters'],
    token?: CancellationToken,
  ): Promise<RequestMap[Name]['result']> {
    return (await this.#ask(name, parameters, token)) as RequestMap[Name]['result'];
  }

  /** The text of a document that the server serves. */
  async documentText(uri: string): Promise<string> {
    const answer = await this.#ask('workspace/textDocumentContent', { uri });
    return (answer as { readonly text: string }).text;
  }

  async restart(): Promise<void> {
    await this.#close();
    await this.start();
  }

  dispose(): void {
    this.#isDisposed = true;
    void this.#close();
    for (const emitter of [
      this.#stateChanged,
      this.#runsChanged,
      this.#runEnded,
      this.#modelProgressed,
      this.#documentRefreshed,
      this.#gaveUp,
    ]) {
      emitter.dispose();
    }
  }

  #ask(method: string, parameters: unknown, token?: CancellationToken): Promise<unknown> {
    return this.#withLink((link) => link.request(method, parameters, token));
  }

  async #withLink<Result>(use: (link: ServerLink) => Promise<Result>): Promise<Result> {
    for (;;) {
      const server = (this.#server ??= this.#open());
      let link: ServerLink | undefined;
      try {
        link = await server.started;
        return await use(link);
      } catch (error) {
        // Where a change of settings put another server in this one's place before anything was
        // sent to it, the other one is asked.
        const isReplaced = server !== this.#server && !this.#isDisposed;
        if (!isReplaced || (link !== undefined && !wasNeverSent(error))) throw error;
      }
    }
  }

  #open(): Server {
    const server = new Server((made) => this.#start(made));
    server.started.catch(() => {
      if (!this.#isAsked(server)) return;
      this.#server = undefined;
      this.#setState('failed');
    });
    return server;
  }

  async #start(server: Server): Promise<ServerLink> {
    this.#setState('starting');
    const { extensionPath, log, initialization, environment } = this.#options;
    const bundle = createRequire(__filename)(
      path.join(extensionPath, 'dist', 'languageClient.cjs'),
    ) as typeof LanguageClientBundle;
    const ownEnvironment = await environment();
    if (!this.#isAsked(server)) throw new Error('Another server took its place.');
    const ifAsked = (action: () => void) => {
      if (this.#isAsked(server)) action();
    };
    const link = bundle.openServerLink({
      serverModule: path.join(extensionPath, 'dist', 'server.mjs'),
      log,
      environment: ownEnvironment,
      initialization,
      onRunning: () => {
        ifAsked(() => {
          this.#setState('running');
        });
      },
      onNotification: (method, parameters) => {
        ifAsked(() => {
          this.#receive(method, parameters);
        });
      },
      onDocumentRefreshed: (uri) => {
        ifAsked(() => {
          this.#documentRefreshed.fire(uri);
        });
      },
      onGivenUp: () => {
        ifAsked(() => {
          this.#server = undefined;
          this.#setState('failed');
          this.#gaveUp.fire(crashedTooOften());
        });
      },
    });
    server.link = link;
    try {
      await link.start();
    } catch (error) {
      await link.stop().catch(() => undefined);
      throw startFailure(error);
    }
    // A client cannot be stopped while it starts.
    if (!this.#isAsked(server)) await this.#stop(link);
    return link;
  }

  #isAsked(server: Server): boolean {
    return this.#server === server;
  }

  #receive(method: string, parameters: unknown): void {
    if (method === RUNS_CHANGED) this.#runsChanged.fire((parameters as RunsChanged).runs);
    if (method === RUN_ENDED) this.#runEnded.fire((parameters as RunEnded).run);
    if (method === MODEL_PROGRESS) this.#modelProgressed.fire(parameters as ModelProgress);
  }

  async #close(): Promise<void> {
    const link = this.#server?.link;
    this.#server = undefined;
    this.#setState('idle');
    if (link !== undefined) await this.#stop(link);
  }

  async #stop(link: ServerLink): Promise<void> {
    await link.stop().catch((error: unknown) => {
      this.#options.log.warn(`Stopping the language server: ${String(error)}`);
    });
  }

  #setState(state: ConnectionState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#stateChanged.fire(state);
  }
}

/** As the client says of a connection that is stopping or has stopped. */
function wasNeverSent(error: unknown): boolean {
  return (error as { readonly code?: unknown } | undefined)?.code === CONNECTION_INACTIVE;
}

function startFailure(error: unknown): ProblemError {
  return new ProblemError({
    code: 'server-start',
    message: t(
      'The AZR language server did not start: {0}',
      error instanceof Error ? error.message : String(error),
    ),
    remedy: t('Reload the window; if it happens again, "AZR: Show Log" shows why.'),
  });
}

function crashedTooOften(): ProblemError {
  return new ProblemError({
    code: 'server-crashed',
    message: t('The AZR language server crashed five times in three minutes.'),
    remedy: t('Runs are not affected: they have processes of their own. Restart the server.'),
  });
}
