/**
 * The held-out tasks of the runs as items of the Test Explorer: run, mode, task. Runs are listed when the
 * Test Explorer is first opened, and the tasks of one when it is expanded or run. No item has a description:
 * VS Code reads it out in place of the label.
 */
import { Range, Uri, type Disposable } from 'vscode';

import { documentUri } from '../../../server/protocol/documents.ts';
import type { HeldOutItem } from '../../../server/protocol/heldOutTests.ts';
import { MAXIMUM_PAGE } from '../../../server/protocol/queries.ts';
import { newestFirst } from '../../../server/protocol/runOrder.ts';
import type { RunId, RunOverview } from '../../../server/protocol/runs.ts';
import { MODES } from '../../../server/protocol/vocabulary.ts';
import type { ServerConnection } from '../connection/serverConnection.ts';
import { problemOf } from '../connection/problemOf.ts';
import type { SafeTestController, SafeTestItem } from '../shown/safeTests.ts';
import { foreignText, joined, t } from '../shown/safeText.ts';
import type { RunList } from '../state/runList.ts';
import { runLabel } from '../state/runLabel.ts';

/** A held-out task of a run. */
export interface HeldOutTask {
  readonly runId: RunId;
  readonly taskId: number;
}

/** Where VS Code puts the button that runs a task's test. */
const TOP = new Range(0, 0, 0, 0);

export class HeldOutItems implements Disposable {
  readonly #controller: SafeTestController;
  readonly #runs: RunList;
  readonly #connection: Pick<ServerConnection, 'request'>;
  readonly #subscription: Disposable;
  readonly #tasks = new WeakMap<object, HeldOutTask>();
  /** Tasks of runs that were asked for, in the order of their file. */
  readonly #loaded = new Map<RunId, Promise<readonly SafeTestItem[]>>();
  #isListed = false;

  constructor(
    controller: SafeTestController,
    runs: RunList,
    connection: Pick<ServerConnection, 'request'>,
  ) {
    this.#controller = controller;
    this.#runs = runs;
    this.#connection = connection;
    controller.resolveHandler = (item) => this.#resolve(item);
    controller.refreshHandler = () => this.#refresh();
    this.#subscription = runs.onDidChange(() => {
      if (this.#isListed) this.#list();
    });
  }

  /** The task that an item stands for; undefined for a run and a mode. */
  taskOf(item: object): HeldOutTask | undefined {
    return this.#tasks.get(item);
  }

  /** Resolves when the runs are listed. Rejects with what the server cannot be asked for. */
  async listed(): Promise<void> {
    await this.#runs.load();
    this.#isListed = true;
    this.#list();
  }

  /** The items of all held-out tasks of a run, in the order of their file. */
  tasksOf(run: SafeTestItem): Promise<readonly SafeTestItem[]> {
    const known = this.#loaded.get(run.id);
    if (known !== undefined) return known;
    const loading = this.#load(run);
    this.#loaded.set(run.id, loading);
    loading.catch(() => this.#loaded.delete(run.id));
    return loading;
  }

  dispose(): void {
    this.#subscription.dispose();
  }

  async #resolve(item: SafeTestItem | undefined): Promise<void> {
    if (item === undefined) return this.listed();
    try {
      await this.tasksOf(item);
      item.error = undefined;
    } catch (error) {
      const { message, remedy } = problemOf(error);
      item.error = joined([foreignText(message), foreignText(remedy)], ' ');
    }
  }

  async #refresh(): Promise<void> {
    this.#loaded.clear();
    this.#controller.items.replace([]);
    await this.listed();
  }

  #list(): void {
    const runs = newestFirst(this.#runs.all).filter(isTestable);
    const ids = new Set(runs.map(({ id }) => id));
    for (const [id] of this.#controller.items) {
      if (ids.has(id)) continue;
      this.#controller.items.delete(id);
      this.#loaded.delete(id);
    }
    for (const [place, run] of runs.entries()) {
      const item = this.#controller.items.get(run.id) as SafeTestItem | undefined;
      const shown = item ?? this.#controller.createTestItem(run.id, runLabel(run));
      shown.canResolveChildren = true;
      shown.sortText = String(place).padStart(6, '0');
      if (item === undefined) this.#controller.items.add(shown);
    }
  }

  async #load(run: SafeTestItem): Promise<readonly SafeTestItem[]> {
    const found: HeldOutItem[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.#connection.request('azr/heldOutItems', {
        ...{ runId: run.id, limit: MAXIMUM_PAGE },
        ...(cursor !== undefined && { cursor }),
      });
      found.push(...page.items);
      ({ cursor } = page);
    } while (cursor !== undefined);
    const made = found.map((one) => ({ one, item: this.#task(run.id, one) }));
    const modes = MODES.flatMap((mode) => {
      const items = made.filter(({ one }) => one.mode === mode).map(({ item }) => item);
      return items.length === 0 ? [] : [this.#mode(mode, items)];
    });
    run.children.replace(modes);
    return made.map(({ item }) => item);
  }

  #mode(mode: (typeof MODES)[number], items: readonly SafeTestItem[]): SafeTestItem {
    const made = this.#controller.createTestItem(mode, t(mode));
    made.sortText = String(MODES.indexOf(mode));
    made.children.replace(items);
    return made;
  }

  #task(runId: RunId, { taskId, title, stratum }: HeldOutItem): SafeTestItem {
    const uri = Uri.parse(documentUri({ runId, kind: 'task', id: taskId }), true);
    const label = stratum === undefined ? foreignText(title) : t('{0} · {1}', title, stratum);
    const made = this.#controller.createTestItem(`task-${String(taskId)}`, label, uri);
    made.range = TOP;
    made.sortText = String(taskId).padStart(15, '0');
    this.#tasks.set(made, { runId, taskId });
    return made;
  }
}

/** Runs whose held-out tasks were asked before training: they have some, and a policy of their own to ask. */
function isTestable({ heldOutBefore, evaluation, replayOf, state }: RunOverview): boolean {
  const isOwn = evaluation === undefined && replayOf === undefined;
  return isOwn && heldOutBefore !== undefined && state !== 'unreadable';
}
