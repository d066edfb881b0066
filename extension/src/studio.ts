/**
 * Everything of this window: the connection, the runs, the views and the status. It is made by
 * `activate` and owns what it makes; commands get it handed over.
 */
import {
  CancellationTokenSource,
  commands,
  workspace,
  type Disposable,
  type ExtensionContext,
} from 'vscode';

import type { Measurement } from '../../server/protocol/comparison.ts';
import { ENGINE_KEYS_VARIABLE } from '../../server/protocol/engineKeys.ts';
import type { ItemFilter } from '../../server/protocol/queries.ts';
import type { RunId } from '../../server/protocol/runs.ts';
import { PROTOCOL_VERSION } from '../../server/protocol/version.ts';
import { ServerConnection } from './connection/serverConnection.ts';
import { DocumentFileSystem } from './documents/documentFileSystem.ts';
import { EditorPanel } from './panels/editorPanel.ts';
import { COMPARISON, DASHBOARD } from './panels/pages.ts';
import type { PageServices } from './panels/pageServices.ts';
import { RewardsView } from './panels/rewardsView.ts';
import { newestStepsFirst, pythonPath, runsFolder, SETTINGS_SECTION } from './settings.ts';
import { foreignText } from './shown/safeText.ts';
import { window } from './shown/safeWindow.ts';
import { contextKeys } from './state/contextKeys.ts';
import { hasLiveRunner } from './state/hasLiveRunner.ts';
import { RunList } from './state/runList.ts';
import { StoredKeys } from './state/storedKeys.ts';
import { Notifications } from './status/notifications.ts';
import { StatusBar } from './status/statusBar.ts';
import { withToken } from './connection/withToken.ts';
import { tellProblem } from './tellProblem.ts';
import { filterMessage, isEmptyFilter, storedFilter } from './tree/itemFilter.ts';
import { TaskTree, TREE_VIEW_ID } from './tree/taskTree.ts';
import { HeldOutTests } from './testing/heldOutTests.ts';
import { TaskTreeModel } from './tree/taskTreeModel.ts';

const FILTER_KEY = 'azr.filter';
const OPENED_FOLDERS_KEY = 'azr.openedFolders';
/** A run that the server has told of by then shows by itself. */
const APPEARANCE_TIMEOUT_MS = 10_000;

export class Studio implements PageServices, Disposable {
  readonly context: ExtensionContext;
  /** A command was called in this window. */
  wasUsed = false;
  readonly log = window.createOutputChannel('AZR Log', { log: true });
  readonly output = window.createOutputChannel('AZR');
  readonly keys: StoredKeys;
  readonly connection: ServerConnection;
  readonly runs: RunList;
  readonly tree: TaskTree;
  readonly treeModel: TaskTreeModel;
  readonly dashboard: EditorPanel<RunId>;
  readonly comparison: EditorPanel<Measurement>;
  readonly rewards: RewardsView;
  readonly documents: DocumentFileSystem;
  readonly tests: HeldOutTests;
  readonly #statusBar: StatusBar;
  readonly #disposables: readonly { dispose(): unknown }[];
  readonly #sentKeys = new Map<string, boolean>();
  #areRunsKnown = false;
  #pendingStart: CancellationTokenSource | undefined;

  constructor(context: ExtensionContext) {
    this.context = context;
    this.keys = new StoredKeys(context.secrets);
    this.connection = new ServerConnection({
      extensionPath: context.extensionPath,
      log: this.log,
      environment: async () => ({ [ENGINE_KEYS_VARIABLE]: await this.keys.json() }),
      initialization: () => ({
        protocolVersion: PROTOCOL_VERSION,
        storageFolder: context.globalStorageUri.fsPath,
        workspaceFolders: (workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath),
        furtherFolders: this.#furtherFolders(),
        pythonPath: pythonPath(),
      }),
    });
    this.runs = new RunList(this.connection);
    this.treeModel = new TaskTreeModel(
      {
        steps: (query, signal) =>
          withToken(signal, (token) => this.connection.request('azr/steps', query, token)),
        stepItems: (query) => this.connection.request('azr/stepItems', query),
      },
      (node) => {
        this.tree.changed(node);
      },
    );
    this.tree = new TaskTree(this.treeModel, () => this.runs.load());
    this.dashboard = new EditorPanel(this, DASHBOARD);
    this.comparison = new EditorPanel(this, COMPARISON);
    this.rewards = new RewardsView(this);
    this.documents = new DocumentFileSystem(this.connection);
    this.tests = new HeldOutTests(this);
    this.#statusBar = new StatusBar(this.runs);
    this.#disposables = [
      new Notifications(this.connection, (runId) => this.tests.isReporting(runId)),
      this.runs.onDidChange((runs) => {
        this.#areRunsKnown = true;
        this.treeModel.setRuns(runs);
        this.#setContextKeys();
      }),
      this.connection.onDidChangeState((state) => {
        if (state !== 'running') this.#areRunsKnown = false;
        this.#setContextKeys();
      }),
      this.connection.onDidGiveUp((problem) => {
        this.tell(problem);
      }),
      workspace.onDidChangeConfiguration((change) => {
        this.#applySettings((name) => change.affectsConfiguration(`${SETTINGS_SECTION}.${name}`));
      }),
      workspace.onDidChangeWorkspaceFolders(() => {
        this.#restartIfStarted();
      }),
    ];
    this.treeModel.setNewestFirst(newestStepsFirst());
    this.setFilter(storedFilter(context.workspaceState.get(FILTER_KEY)));
  }

  /** A window that opens on a run at work tells of it without being asked. */
  async startIfRunsAreAtWork(): Promise<void> {
    const folders = [
      ...(workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath),
      this.context.globalStorageUri.fsPath,
      ...this.#furtherFolders(),
    ];
    if (await hasLiveRunner(folders)) await this.runs.load();
  }

  /** Shows an error to the user, in the background. */
  tell(error: unknown): void {
    void tellProblem(this.log, error);
  }

  setFilter(filter: ItemFilter): void {
    this.treeModel.setFilter(filter);
    this.tree.view.message = filterMessage(filter) ?? foreignText('');
    void this.context.workspaceState.update(FILTER_KEY, filter);
    this.#setContextKeys();
  }

  /** Remembers a run folder from elsewhere, for the next start of the server too. */
  async rememberFolder(folder: string): Promise<void> {
    const known = this.context.workspaceState.get<string[]>(OPENED_FOLDERS_KEY, []);
    const folders = [...known.filter((one) => one !== folder), folder];
    await this.context.workspaceState.update(OPENED_FOLDERS_KEY, folders);
  }

  /** Shows a run in the tree as soon as the server tells of it. */
  async showRun(runId: RunId): Promise<void> {
    this.runs.choose(runId);
    await commands.executeCommand(`${TREE_VIEW_ID}.focus`);
    await this.runs.until(runId, () => true, APPEARANCE_TIMEOUT_MS);
    const node = this.treeModel.runNode(runId);
    if (node !== undefined) await this.tree.reveal(node, { focus: true, expand: true });
  }

  /** A start is under way that has no run yet. */
  get isStarting(): boolean {
    return this.#pendingStart !== undefined;
  }

  /** Marks a start that has no run yet. The source is cancelled by {@link cancelStart}. */
  beginStart(): CancellationTokenSource {
    this.cancelStart();
    this.#pendingStart = new CancellationTokenSource();
    this.#showStarting();
    return this.#pendingStart;
  }

  endStart(source: CancellationTokenSource): void {
    source.dispose();
    if (this.#pendingStart === source) this.#pendingStart = undefined;
    this.#showStarting();
  }

  /** Whether there was a start to give up. */
  cancelStart(): boolean {
    this.#pendingStart?.cancel();
    return this.#pendingStart !== undefined;
  }

  dispose(): void {
    for (const disposable of [
      ...this.#disposables,
      this.#statusBar,
      this.tests,
      this.documents,
      this.rewards,
      this.dashboard,
      this.comparison,
      this.tree,
      this.runs,
      this.connection,
      this.output,
      this.log,
    ]) {
      disposable.dispose();
    }
  }

  #furtherFolders(): string[] {
    const configured = runsFolder();
    const opened = this.context.workspaceState.get<string[]>(OPENED_FOLDERS_KEY, []);
    return [...(configured === '' ? [] : [configured]), ...opened];
  }

  #applySettings(affects: (name: string) => boolean): void {
    if (affects('tree.newestFirst')) {
      this.treeModel.setNewestFirst(newestStepsFirst());
    }
    if (affects('pythonPath') || affects('runsFolder')) this.#restartIfStarted();
  }

  /** What the server was told when it started has changed. */
  #restartIfStarted(): void {
    if (this.connection.state === 'idle') return;
    this.connection.restart().catch((error: unknown) => {
      this.tell(error);
    });
  }

  #showStarting(): void {
    this.#statusBar.setStarting(this.#pendingStart !== undefined);
    this.#setContextKeys();
  }

  #setContextKeys(): void {
    const keys = contextKeys({
      runs: this.runs.all,
      ready: this.#areRunsKnown,
      serverFailed: this.connection.state === 'failed',
      starting: this.#pendingStart !== undefined,
      filtered: !isEmptyFilter(this.treeModel.filter),
    });
    for (const [key, value] of Object.entries(keys)) {
      if (this.#sentKeys.get(key) === value) continue;
      this.#sentKeys.set(key, value);
      void commands.executeCommand('setContext', key, value);
    }
  }
}
