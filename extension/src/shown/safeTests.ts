/** VS Code's tests as the extension may make them: every text that the Test Explorer shows is a safe one. */
import {
  type Location,
  TestMessage,
  tests,
  type TestController,
  type TestItem,
  type TestItemCollection,
  type TestRun,
  type TestRunProfileKind,
  type TestRunRequest,
  type CancellationToken,
  type Uri,
} from 'vscode';

import { visibleText } from '../../../server/protocol/visibleText.ts';
import type { SafeText } from './safeText.ts';

declare const SAFE: unique symbol;
/** Made by {@link missMessage} or {@link testMessage}. */
export type SafeTestMessage = TestMessage & { readonly [SAFE]: true };

export interface SafeTestItem extends Omit<TestItem, 'label' | 'error'> {
  label: SafeText;
  error: SafeText | undefined;
}

export interface SafeTestRun extends Pick<TestRun, 'end'> {
  enqueued(item: SafeTestItem): void;
  started(item: SafeTestItem): void;
  skipped(item: SafeTestItem): void;
  passed(item: SafeTestItem): void;
  failed(item: SafeTestItem, message: SafeTestMessage): void;
  errored(item: SafeTestItem, message: SafeTestMessage): void;
}

interface SafeTestItems extends Omit<TestItemCollection, 'replace'> {
  replace(items: readonly SafeTestItem[]): void;
}

export interface SafeTestController extends Omit<
  TestController,
  'items' | 'createTestItem' | 'createTestRun' | 'createRunProfile' | 'resolveHandler'
> {
  readonly items: SafeTestItems;
  resolveHandler?: (item: SafeTestItem | undefined) => Thenable<void> | void;
  createTestItem(id: string, label: SafeText, uri?: Uri): SafeTestItem;
  createTestRun(request: TestRunRequest): SafeTestRun;
  createRunProfile(
    label: SafeText,
    kind: TestRunProfileKind,
    run: (request: TestRunRequest, token: CancellationToken) => Thenable<void>,
    isDefault: boolean,
  ): void;
}

export function createTestController(id: string, label: SafeText): SafeTestController {
  return tests.createTestController(id, label) as unknown as SafeTestController;
}

export function testMessage(message: SafeText): SafeTestMessage {
  return new TestMessage(message) as SafeTestMessage;
}

/** A miss; VS Code shows `expected` beside `actual` as plain text. */
export function missMessage(
  message: SafeText,
  expected: string,
  actual: string,
  location: Location,
): SafeTestMessage {
  const made = TestMessage.diff(message, visibleText(expected), visibleText(actual));
  made.location = location;
  return made as SafeTestMessage;
}

/** Writes a line among the results, which leads to `location`. */
export function writeResult(
  run: SafeTestRun,
  line: SafeText,
  location: Location,
  item: SafeTestItem,
): void {
  (run as unknown as TestRun).appendOutput(`${line}\r\n`, location, item);
}
