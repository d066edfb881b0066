/** The tree of runs, steps and tasks in its view: VS Code's side of {@link TaskTreeModel}. */
import { setTimeout as delay } from 'node:timers/promises';

import {
  EventEmitter,
  ThemeColor,
  ThemeIcon,
  type TreeItem,
  TreeItemCollapsibleState,
  Uri,
  type Disposable,
} from 'vscode';

import { ChangeBatch } from '../changeBatch.ts';
import { problemOf } from '../connection/problemOf.ts';
import {
  shownError,
  tooltip,
  treeItem,
  type SafeTreeDataProvider,
  type SafeTreeItem,
} from '../shown/safeItems.ts';
import { foreignText, joined } from '../shown/safeText.ts';
import { window, type SafeTreeView } from '../shown/safeWindow.ts';
import { contextValue } from './contextValue.ts';
import { itemUri } from './itemAddress.ts';
import type { TaskTreeModel } from './taskTreeModel.ts';
import { parentOf, type TreeNode } from './treeNode.ts';
import { nodeText, type NodeIcon } from './treeText.ts';

export const TREE_VIEW_ID = 'azr.tasks';
/**
 * Four refreshes a second keep the tree alive without making it flicker. More would stop it: VS Code
 * waits until nothing was told for 200 ms.
 */
const REFRESH_INTERVAL_MS = 250;
/** After a run's whole list of steps, which takes the window much longer to draw. */
const LIST_INTERVAL_MS = 500;

const REVEAL_ATTEMPTS = 8;
const NOTHING = foreignText('');

export class TaskTree implements SafeTreeDataProvider<TreeNode>, Disposable {
  readonly #model: TaskTreeModel;
  readonly #loaded: () => Promise<void>;
  readonly #emitter = new EventEmitter<TreeNode | undefined>();
  readonly #changes: ChangeBatch<TreeNode | undefined>;
  readonly view: SafeTreeView<TreeNode>;

  readonly onDidChangeTreeData = this.#emitter.event;

  /** `loaded` starts the server if need be and resolves when the runs are known. */
  constructor(model: TaskTreeModel, loaded: () => Promise<void>) {
    this.#model = model;
    this.#loaded = loaded;
    this.#changes = new ChangeBatch(refreshIntervalMs, (nodes) => {
      this.#refresh(nodes);
    });
    this.view = window.createTreeView(TREE_VIEW_ID, {
      treeDataProvider: this,
      showCollapseAll: true,
      canSelectMany: true,
    });
  }

  /** The node's look or children changed; undefined stands for the whole tree. */
  changed(node: TreeNode | undefined): void {
    this.#changes.add(node);
  }

  async getChildren(node?: TreeNode): Promise<TreeNode[]> {
    if (node === undefined) await this.#loaded().catch(throwSafely);
    return [...(await this.#model.children(node))];
  }

  getParent(node: TreeNode): TreeNode | undefined {
    return parentOf(node);
  }

  getTreeItem(node: TreeNode): SafeTreeItem {
    const text = nodeText(node);
    const item = treeItem(text.label, collapsibleState(node));
    item.id = node.id;
    if (text.description !== undefined) item.description = text.description;
    item.iconPath = themeIcon(text.icon);
    item.contextValue = contextValue(node);
    item.accessibilityInformation = {
      label: joined([text.label, text.description ?? NOTHING], ', '),
    };
    if (node.kind === 'item') {
      item.command = {
        command: 'vscode.open',
        title: '',
        arguments: [Uri.parse(itemUri(node), true), { preview: true, preserveFocus: true }],
      };
    } else if (node.kind === 'more') {
      item.command = { command: 'azr.loadMore', title: '', arguments: [node] };
    }
    return item;
  }

  /** Tooltips are made when one is looked at: most of what a refresh of a long list would carry. */
  resolveTreeItem(item: TreeItem, node: TreeNode): SafeTreeItem {
    const { tooltip: lines, code } = nodeText(node);
    item.tooltip = tooltip(lines, { hasTitle: true, ...(code !== undefined && { code }) });
    return item as SafeTreeItem;
  }

  /** Expands what is above the node and selects it. */
  async reveal(
    node: TreeNode,
    options: { readonly focus: boolean; readonly select?: boolean; readonly expand?: boolean },
  ): Promise<void> {
    this.#emitter.fire(parentOf(node));
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.view.reveal(node, { select: true, ...options });
        return;
      } catch (error) {
        // The view draws in its own time, and knows no node that it has not drawn.
        if (attempt === REVEAL_ATTEMPTS) throw error;
        await delay(REFRESH_INTERVAL_MS);
      }
    }
  }

  dispose(): void {
    this.#changes.dispose();
    this.view.dispose();
    this.#emitter.dispose();
  }

  /** A refreshed node refreshes what is below it. */
  #refresh(nodes: readonly (TreeNode | undefined)[]): void {
    if (nodes.includes(undefined)) {
      this.#emitter.fire(undefined);
      return;
    }
    const changed = new Set(nodes);
    for (const node of changed) {
      if (node !== undefined && !hasAncestorIn(node, changed)) this.#emitter.fire(node);
    }
  }
}

function refreshIntervalMs(nodes: readonly (TreeNode | undefined)[]): number {
  return nodes.every((node) => node?.kind === 'live') ? REFRESH_INTERVAL_MS : LIST_INTERVAL_MS;
}

function hasAncestorIn(node: TreeNode, nodes: ReadonlySet<TreeNode | undefined>): boolean {
  let parent = parentOf(node);
  while (parent !== undefined && !nodes.has(parent)) parent = parentOf(parent);
  return parent !== undefined;
}

function collapsibleState(node: TreeNode): TreeItemCollapsibleState {
  switch (node.kind) {
    case 'run':
      return node.initiallyExpanded
        ? TreeItemCollapsibleState.Expanded
        : TreeItemCollapsibleState.Collapsed;
    case 'live':
      return TreeItemCollapsibleState.Expanded;
    case 'step':
    case 'group':
      return TreeItemCollapsibleState.Collapsed;
    case 'liveTask':
    case 'item':
    case 'more':
    case 'problem':
      return TreeItemCollapsibleState.None;
  }
}

function themeIcon({ name, colour }: NodeIcon): ThemeIcon {
  return new ThemeIcon(name, colour === undefined ? undefined : new ThemeColor(colour));
}

/** VS Code shows in a notification what the root's children cannot be had for. */
function throwSafely(error: unknown): never {
  const { message, remedy } = problemOf(error);
  throw shownError(joined([foreignText(message), foreignText(remedy)], ' '));
}
