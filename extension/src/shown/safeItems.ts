/** What VS Code shows as objects of its own: items of a tree, tooltips, and errors of a file system. */
import {
  FileSystemError,
  MarkdownString,
  TreeItem,
  type AccessibilityInformation,
  type TreeDataProvider,
  type TreeItemCollapsibleState,
} from 'vscode';

import { visibleText } from '../../../server/protocol/visibleText.ts';
import type { SafeText } from './safeText.ts';

declare const SAFE: unique symbol;
/** Markdown made by {@link tooltip}. */
export type SafeMarkdown = MarkdownString & { readonly [SAFE]: true };

export interface SafeTreeItem extends TreeItem {
  label: SafeText;
  description?: SafeText;
  tooltip?: SafeMarkdown;
  accessibilityInformation?: AccessibilityInformation & { readonly label: SafeText };
}

/** A source of safe items. VS Code shows what it throws in a notification: see {@link shownError}. */
export interface SafeTreeDataProvider<Node> extends TreeDataProvider<Node> {
  getTreeItem(node: Node): SafeTreeItem;
  resolveTreeItem(item: TreeItem, node: Node): SafeTreeItem;
}

/** An error whose message VS Code itself shows. */
export function shownError(message: SafeText): Error {
  return new Error(message);
}

export function treeItem(label: SafeText, state: TreeItemCollapsibleState): SafeTreeItem {
  return new TreeItem(label, state) as SafeTreeItem;
}

/**
 * A paragraph for each line, the first bold where it is a title, and then `code` as Python.
 * `appendText` and `appendCodeblock` escape, so that nothing in it is markup but ours; and it is not
 * trusted, so that no link in it could run a command.
 */
export function tooltip(
  lines: readonly SafeText[],
  { hasTitle = false, code }: { readonly hasTitle?: boolean; readonly code?: string } = {},
): SafeMarkdown {
  const markdown = new MarkdownString();
  for (const [index, line] of lines.entries()) {
    if (index > 0) markdown.appendMarkdown('\n\n');
    const mark = hasTitle && index === 0 ? '**' : '';
    markdown.appendMarkdown(mark).appendText(line).appendMarkdown(mark);
  }
  if (code !== undefined)
    markdown.appendMarkdown('\n\n').appendCodeblock(visibleText(code), 'python');
  return markdown as SafeMarkdown;
}

/** VS Code shows why a document cannot be opened in the editor's place, or in a notification. */
export function fileNotFound(why: SafeText): FileSystemError {
  return FileSystemError.FileNotFound(why);
}

export function fileUnavailable(why: SafeText): FileSystemError {
  return FileSystemError.Unavailable(why);
}

export function fileReadOnly(why: SafeText): FileSystemError {
  return FileSystemError.NoPermissions(why);
}
