/** The runs as the server last told of them, for everything in the window that shows runs. */
import { EventEmitter, type Disposable } from 'vscode';

import type { RunId, RunOverview } from '../../../server/protocol/runs.ts';
import type { ServerConnection } from '../connection/serverConnection.ts';
import { primaryRun } from './runFacts.ts';

export class RunList implements Disposable {
  readonly #connection: ServerConnection;
  readonly #changed = new EventEmitter<readonly RunOverview[]>();
  readonly #subscriptions: Disposable[];
  #runs: readonly RunOverview[] = [];
  #loading: Promise<void> | undefined;
  #chosen: RunId | undefined;

  readonly onDidChange = this.#changed.event;

  constructor(connection: ServerConnection) {
    this.#connection = connection;
    this.#subscriptions = [
      connection.onRunsChanged((runs) => {
        this.#set(runs);
      }),
      // After a restart the server's list is read anew.
      connection.onDidChangeState((state) => {
        if (state !== 'running') this.#loading = undefined;
        else void this.load().catch(() => undefined);
      }),
    ];
  }

  get all(): readonly RunOverview[] {
    return this.#runs;
  }

  /** The run that the status bar tells of. */
  get primary(): RunOverview | undefined {
    return primaryRun(this.#runs, this.#chosen);
  }

  find(runId: RunId): RunOverview | undefined {
    return this.#runs.find(({ id }) => id === runId);
  }

  /** Makes a run the one that is meant where none is named. */
  choose(runId: RunId): void {
    this.#chosen = runId;
    this.#changed.fire(this.#runs);
  }

  /** Resolves when the runs are known; starts the server if need be. Throws what that fails with. */
  load(): Promise<void> {
    this.#loading ??= this.#connection.request('azr/runs', {}).then(
      (runs) => {
        this.#set(runs);
      },
      (error: unknown) => {
        this.#loading = undefined;
        throw error;
      },
    );
    return this.#loading;
  }

  /**
   * Resolves when the run is such that `is` holds, at the latest after `timeoutMs`: what comes later
   * shows by itself.
   */
  async until(
    runId: RunId,
    is: (run: RunOverview) => boolean,
    timeoutMs: number,
  ): Promise<RunOverview | undefined> {
    const find = () => {
      const run = this.find(runId);
      return run !== undefined && is(run) ? run : undefined;
    };
    const now = find();
    if (now !== undefined) return now;
    return new Promise((resolve) => {
      const finish = (run: RunOverview | undefined) => {
        clearTimeout(timer);
        subscription.dispose();
        resolve(run);
      };
      const timer = setTimeout(finish, timeoutMs, undefined);
      const subscription = this.onDidChange(() => {
        const run = find();
        if (run !== undefined) finish(run);
      });
    });
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#changed.dispose();
  }

  #set(runs: readonly RunOverview[]): void {
    this.#runs = runs;
    this.#changed.fire(runs);
  }
}
