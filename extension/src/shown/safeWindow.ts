/**
 * VS Code's `window` as the extension may use it: wherever VS Code shows a text of ours, only a
 * {@link SafeText} is taken. It is the same object; only its types are narrower. ESLint keeps the rest of
 * the extension from importing VS Code's own.
 */
import {
  window as vscodeWindow,
  type AccessibilityInformation,
  type CancellationToken,
  type InputBoxOptions,
  type OpenDialogOptions,
  type ProgressOptions,
  type QuickInputButton,
  type QuickPick,
  type QuickPickItem,
  type QuickPickOptions,
  type SaveDialogOptions,
  type StatusBarAlignment,
  type StatusBarItem,
  type TreeView,
  type TreeViewOptions,
  type Uri,
  type ViewColumn,
  type WebviewPanel,
  type WorkspaceFolder,
  type WorkspaceFolderPickOptions,
} from 'vscode';

import type { SafeMarkdown, SafeTreeDataProvider } from './safeItems.ts';
import type { SafeText } from './safeText.ts';

/** `Options` whose texts, as far as there are any, are safe. */
type SafeOptions<Options, Texts extends keyof Options> = Omit<Options, Texts> &
  Partial<Readonly<Record<Texts, SafeText | undefined>>>;

export interface SafeQuickPickItem extends QuickPickItem {
  label: SafeText;
  description?: SafeText;
  detail?: SafeText;
}

export interface SafeQuickPick<Item extends SafeQuickPickItem> extends QuickPick<Item> {
  title: SafeText | undefined;
  placeholder: SafeText | undefined;
  buttons: readonly (QuickInputButton & { readonly tooltip?: SafeText })[];
}

export interface SafeStatusBarItem extends StatusBarItem {
  name: SafeText | undefined;
  text: SafeText;
  tooltip: SafeText | SafeMarkdown | undefined;
  accessibilityInformation: (AccessibilityInformation & { readonly label: SafeText }) | undefined;
}

export interface SafeTreeView<Node> extends Omit<TreeView<Node>, 'badge' | 'description'> {
  title?: SafeText;
  message?: SafeText;
}

interface SafeProgress {
  report(value: { readonly message?: SafeText; readonly increment?: number }): void;
}

type Message = (message: SafeText, ...actions: SafeText[]) => Thenable<SafeText | undefined>;

interface SafeWindow extends Pick<
  typeof vscodeWindow,
  | 'activeTextEditor'
  | 'createOutputChannel'
  | 'registerWebviewPanelSerializer'
  | 'registerWebviewViewProvider'
  | 'showTextDocument'
> {
  showInformationMessage: Message;
  showWarningMessage: Message;
  showErrorMessage: Message;
  setStatusBarMessage(text: SafeText, hideAfterMs: number): void;
  createStatusBarItem(
    id: string,
    alignment: StatusBarAlignment,
    priority: number,
  ): SafeStatusBarItem;
  showQuickPick<Item extends SafeQuickPickItem>(
    items: readonly Item[],
    options: SafeOptions<QuickPickOptions, 'title' | 'placeHolder'> & {
      readonly canPickMany: true;
    },
  ): Thenable<readonly Item[] | undefined>;
  showQuickPick<Item extends SafeQuickPickItem>(
    items: readonly Item[],
    options: SafeOptions<QuickPickOptions, 'title' | 'placeHolder'>,
  ): Thenable<Item | undefined>;
  createQuickPick<Item extends SafeQuickPickItem>(): SafeQuickPick<Item>;
  showInputBox(
    options: SafeOptions<
      Omit<InputBoxOptions, 'validateInput'>,
      'title' | 'prompt' | 'placeHolder'
    > & {
      validateInput?(value: string): SafeText | undefined;
    },
  ): Thenable<string | undefined>;
  showOpenDialog(
    options: SafeOptions<OpenDialogOptions, 'title' | 'openLabel'>,
  ): Thenable<Uri[] | undefined>;
  showSaveDialog(
    options: SafeOptions<SaveDialogOptions, 'title' | 'saveLabel'>,
  ): Thenable<Uri | undefined>;
  showWorkspaceFolderPick(
    options: SafeOptions<WorkspaceFolderPickOptions, 'placeHolder'>,
  ): Thenable<WorkspaceFolder | undefined>;
  withProgress<Result>(
    options: SafeOptions<ProgressOptions, 'title'>,
    task: (progress: SafeProgress, token: CancellationToken) => Thenable<Result>,
  ): Thenable<Result>;
  createTreeView<Node>(
    id: string,
    options: Omit<TreeViewOptions<Node>, 'treeDataProvider'> & {
      readonly treeDataProvider: SafeTreeDataProvider<Node>;
    },
  ): SafeTreeView<Node>;
  createWebviewPanel(
    type: string,
    title: SafeText,
    place: { readonly viewColumn: ViewColumn; readonly preserveFocus: boolean },
  ): Omit<WebviewPanel, 'title'> & { title: SafeText };
}

export const window = vscodeWindow as unknown as SafeWindow;
