/** Everything that serves one client, between `initialize` and `shutdown`. */
import type { CancellationToken, ClientCapabilities, Connection } from 'vscode-languageserver/node';

import {
  type InitializationOptions,
  MODEL_PROGRESS,
  type RequestMap,
  type RequestName,
  RUN_ENDED,
  type RunEnded,
  RUNS_CHANGED,
  type RunsChanged,
} from '../../protocol/languageMessages.ts';
import type { RunOverview } from '../../protocol/runs.ts';
import { takeEngineKeys } from '../machine/engineKeys.ts';
import { RunCatalog } from '../runs/runCatalog.ts';
import { DocumentLibrary } from './documents/documentLibrary.ts';
import { EditorFeatures } from './features/editorFeatures.ts';
import { OpenRuns } from './openRuns.ts';
import { QueryThread } from './queries/queryThread.ts';
import { isDefect, responseError } from './requests/responseError.ts';
import { createRequestHandlers, type RequestHandlers } from './requests/requestHandlers.ts';
import { checkParameters } from './requests/requestSchemas.ts';
import { requestSignal } from './requests/requestSignal.ts';
import { Rerunner } from './reruns/rerunner.ts';
import { ScratchFolder } from './scratch/scratchFolder.ts';
import { commandLineProgram } from './serverProgram.ts';

export class ServerSession {
  readonly #connection: Connection;
  readonly #catalog: RunCatalog;
  readonly #runs: OpenRuns;
  readonly #queries = new QueryThread();
  readonly #library: DocumentLibrary;
  readonly #rerunner: Rerunner;
  readonly #features: EditorFeatures;
  /** Before it, every run would seem to be unknown. */
  readonly #firstScan: Promise<void>;
  /** Sequence of each run when documents were last refreshed. */
  #sequences = '';

  constructor(
    connection: Connection,
    options: InitializationOptions,
    capabilities: ClientCapabilities,
  ) {
    this.#connection = connection;
    this.#catalog = this.#openCatalog(options);
    this.#firstScan = this.#catalog.scan();
    this.#runs = new OpenRuns(this.#catalog);
    this.#library = new DocumentLibrary(this.#runs);
    this.#rerunner = new Rerunner(this.#runs, () => {
      void this.#features.refreshResults();
    });
    const { codeLens, inlayHint, textDocumentContent, configuration } =
      capabilities.workspace ?? {};
    this.#features = new EditorFeatures(
      connection,
      this.#library,
      this.#rerunner,
      {
        configuration: configuration === true,
        lenses: codeLens?.refreshSupport === true,
        hints: inlayHint?.refreshSupport === true,
        documents: textDocumentContent !== undefined,
      },
      this.#firstScan,
    );
    this.#serveRequests(
      createRequestHandlers({
        catalog: this.#catalog,
        runs: this.#runs,
        queries: this.#queries,
        rerunner: this.#rerunner,
        scratchFolder: new ScratchFolder(options.storageFolder),
        pythonPath: options.pythonPath,
        storageFolder: options.storageFolder,
        onModelProgress: (progress) => {
          this.#notify(MODEL_PROGRESS, progress);
        },
        openScratchText: (uri) => this.#features.scratchText(uri),
      }),
    );
    this.#serveDocuments();
  }

  start(): void {
    this.#connection.console.info('The AZR language server is ready.');
  }

  /** Ends everything that was started here but the runs, which go on. */
  async close(): Promise<void> {
    await Promise.all([this.#rerunner.close(), this.#queries.dispose(), this.#catalog.dispose()]);
  }

  #openCatalog(options: InitializationOptions): RunCatalog {
    const { storageFolder, workspaceFolders, furtherFolders = [], pythonPath } = options;
    return new RunCatalog({
      searchFolders: [...workspaceFolders, storageFolder, ...furtherFolders],
      cliProgram: commandLineProgram(),
      pythonPath,
      engineKeys: takeEngineKeys(process.env),
      onChange: (runs) => {
        this.#notify(RUNS_CHANGED, { runs } satisfies RunsChanged);
        this.#refreshDocuments(runs);
      },
      onEnded: (run) => {
        this.#notify(RUN_ENDED, { run } satisfies RunEnded);
      },
    });
  }

  #refreshDocuments(runs: readonly RunOverview[]): void {
    const sequences = runs.map(({ id, sequence }) => `${id} ${String(sequence)}`).join('\n');
    if (sequences === this.#sequences) return;
    this.#sequences = sequences;
    void this.#features.refreshDocuments();
  }

  #serveRequests(handlers: RequestHandlers): void {
    for (const name of Object.keys(handlers) as RequestName[]) {
      const handle = handlers[name] as (
        parameters: RequestMap[RequestName]['parameters'],
        signal: AbortSignal,
      ) => unknown;
      this.#connection.onRequest(name, (parameters: unknown, token: CancellationToken) =>
        this.#answer(name, token, (signal) => handle(checkParameters(name, parameters), signal)),
      );
    }
  }

  #serveDocuments(): void {
    this.#connection.workspace.textDocumentContent.on(({ uri }, token) =>
      this.#answer('workspace/textDocumentContent', token, () => ({
        text: this.#library.document(uri).text,
      })),
    );
  }

  /** Runs `action`; whatever it fails with becomes an answer that says what to do. */
  async #answer<Result>(
    name: string,
    token: CancellationToken,
    action: (signal: AbortSignal) => Result | Promise<Result>,
  ): Promise<Result> {
    const { signal, dispose } = requestSignal(token);
    try {
      await this.#firstScan;
      signal.throwIfAborted();
      return await action(signal);
    } catch (error) {
      if (isDefect(error)) {
        const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
        this.#connection.console.error(`${name} failed: ${detail}`);
      }
      throw responseError(error);
    } finally {
      dispose();
    }
  }

  #notify(method: string, parameters: object): void {
    // A client that is gone hears nothing, which is not a failure of ours.
    this.#connection.sendNotification(method, parameters).catch(() => undefined);
  }
}
