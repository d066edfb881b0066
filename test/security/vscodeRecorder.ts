/**
 * Stands in for the module `vscode`: it does nothing and keeps every text that it is given to show, apart
 * from those that it would escape itself.
 */

import { TestMessage, testsRecorder } from './testsRecorder.ts';

/** Everything that was to be shown since {@link forgetShown}, with where it was to be shown. */
export const shownTexts: { readonly place: string; readonly text: string }[] = [];

export function forgetShown(): void {
  shownTexts.length = 0;
}

/** Keeps the texts in `value`, however deep; functions are called for the texts they give. */
export function keepTexts(place: string, value: unknown): void {
  if (typeof value === 'string') shownTexts.push({ place, text: value });
  else if (value instanceof MarkdownString) keepTexts(`${place} (Markdown)`, value.own);
  else if (Array.isArray(value)) for (const one of value) keepTexts(place, one);
  else if (typeof value === 'object' && value !== null) {
    for (const [name, one] of Object.entries(value)) {
      // What a pick stands for is the extension's own, and is not shown.
      if (!OWN.has(name)) keepTexts(`${place}.${name}`, one);
    }
  }
}

const OWN = new Set(['run', 'answer', 'pick', 'choice', 'command', 'argument', 'value', 'id']);

class MarkdownString {
  /** What was given as markup: only that is not escaped. */
  readonly own: string[] = [];
  isTrusted = false;
  supportHtml = false;
  supportThemeIcons = false;
  appendText(text: string): this {
    keepTexts('MarkdownString.appendText', text);
    return this;
  }
  appendMarkdown(markup: string): this {
    this.own.push(markup);
    return this;
  }
  appendCodeblock(): this {
    return this;
  }
}

class TreeItem {
  label: string;
  constructor(label: string) {
    this.label = label;
  }
}

class Uri {
  readonly #address: string;
  private constructor(address: string) {
    this.#address = address;
  }
  static file(path: string): Uri {
    return new Uri(path);
  }
  static parse(address: string): Uri {
    return new Uri(address);
  }
  toString(): string {
    return this.#address;
  }
}

class Quiet {
  readonly event = (): { dispose(): void } => ({ dispose: () => undefined });
  readonly fire = (): void => undefined;
  readonly dispose = (): void => undefined;
}

function recorder(place: string) {
  return (...given: unknown[]): Promise<undefined> => {
    keepTexts(place, given);
    return Promise.resolve(undefined);
  };
}

function fileSystemError(name: string) {
  return (why: string): Error => {
    keepTexts(`FileSystemError.${name}`, why);
    return new Error(why);
  };
}

/** An object that keeps whatever is set on it. */
function kept(place: string): object {
  return new Proxy(
    {},
    {
      get: (target: Record<string, unknown>, name: string) =>
        target[name] ??
        (name.startsWith('onDidHide') ? (hide: () => void) => setImmediate(hide) : () => undefined),
      set: (target: Record<string, unknown>, name: string, value: unknown) => {
        keepTexts(`${place}.${name}`, value);
        target[name] = value;
        return true;
      },
    },
  );
}

export const vscodeRecorder = {
  window: {
    showInformationMessage: recorder('information'),
    showWarningMessage: recorder('warning'),
    showErrorMessage: recorder('error'),
    showQuickPick: recorder('quick pick'),
    showInputBox: recorder('input box'),
    setStatusBarMessage: recorder('status bar message'),
    withProgress: (options: unknown, task: () => unknown) => {
      keepTexts('progress', options);
      return task();
    },
    createStatusBarItem: () => kept('status bar'),
    createQuickPick: () => kept('quick pick'),
    createTreeView: () => kept('tree view'),
    createOutputChannel: recorder('output channel'),
  },
  commands: { executeCommand: () => Promise.resolve(undefined) },
  env: { remoteName: 'remote', uiKind: 2 },
  workspace: {
    getConfiguration: () => ({ get: (_: string, fallback: unknown) => fallback }),
    getWorkspaceFolder: () => undefined,
    workspaceFolders: [{ uri: { fsPath: '/work' } }],
    openTextDocument: () => Promise.resolve({ getText: () => '' }),
  },
  Uri,
  FileSystemError: {
    FileNotFound: fileSystemError('FileNotFound'),
    Unavailable: fileSystemError('Unavailable'),
    NoPermissions: fileSystemError('NoPermissions'),
  },
  MarkdownString,
  TreeItem,
  tests: testsRecorder(keepTexts),
  TestMessage,
  TestRunProfileKind: { Run: 1 },
  Range: Quiet,
  Location: Quiet,
  Position: Quiet,
  EventEmitter: Quiet,
  Disposable: Quiet,
  ThemeIcon: Quiet,
  ThemeColor: Quiet,
  CancellationTokenSource: Quiet,
  FileType: { File: 1 },
  FilePermission: { Readonly: 1 },
  FileChangeType: { Changed: 1 },
  QuickPickItemKind: { Separator: -1, Default: 0 },
  ProgressLocation: { Window: 10 },
  StatusBarAlignment: { Left: 1 },
  TreeItemCollapsibleState: { None: 0, Collapsed: 1, Expanded: 2 },
  UIKind: { Desktop: 1, Web: 2 },
  ConfigurationTarget: { Global: 1, Workspace: 2 },
};
