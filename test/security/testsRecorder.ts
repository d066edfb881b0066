/** Stands in for VS Code's `tests`: keeps every text of an item, a message and the output of a test run. */

import { expect } from 'vitest';

import { UNSEEN } from './hostileStrings.ts';

type Keep = (place: string, value: unknown) => void;
type RunHandler = (request: object, token: object) => Promise<void>;

/** A controller as tests see it: what the extension handed over can be called. */
export interface RecordedController {
  readonly items: Items;
  resolveHandler?: (item: object | undefined) => Promise<void>;
  runHandler?: RunHandler;
}

class Items {
  readonly #items = new Map<string, Item>();
  readonly #owner: Item | undefined;
  constructor(owner: Item | undefined) {
    this.#owner = owner;
  }
  add(item: Item): void {
    item.parent = this.#owner;
    this.#items.set(item.id, item);
  }
  replace(items: readonly Item[]): void {
    this.#items.clear();
    for (const item of items) this.add(item);
  }
  get(id: string): Item | undefined {
    return this.#items.get(id);
  }
  delete(id: string): void {
    this.#items.delete(id);
  }
  [Symbol.iterator](): IterableIterator<[string, Item]> {
    return this.#items.entries();
  }
}

class Item {
  readonly id: string;
  readonly children = new Items(this);
  parent: Item | undefined;
  constructor(id: string) {
    this.id = id;
  }
}

export function testsRecorder(keep: Keep) {
  const controllers: RecordedController[] = [];
  const keptItem = (id: string, label: string): Item => {
    keep('test item.label', label);
    return new Proxy(new Item(id), {
      set: (target, name, value: unknown) => {
        if (['label', 'description', 'error'].includes(String(name))) keep('test item', value);
        return Reflect.set(target, name, value);
      },
      get: (target, name) => Reflect.get(target, name) as unknown,
    });
  };
  const keepMessage = (_: unknown, { message, expectedOutput, actualOutput }: TestMessage) => {
    keep('test message', message);
    // Both are shown by an editor, which makes neither commands nor icons of a text.
    expect(`${String(expectedOutput)}${String(actualOutput)}`).not.toMatch(UNSEEN);
  };
  const run = {
    ...{ enqueued: () => undefined, started: () => undefined, skipped: () => undefined },
    ...{ passed: () => undefined, failed: keepMessage, errored: keepMessage, end: () => undefined },
    // The line break is the extension's own.
    appendOutput: (text: string) => {
      keep('test output', text.replace(/\r\n$/, ''));
    },
  };
  return {
    controllers,
    createTestController: (_: string, label: string) => {
      keep('test controller', label);
      const controller = {
        items: new Items(undefined),
        createTestItem: keptItem,
        createTestRun: () => run,
        createRunProfile(this: RecordedController, name: string, _: number, handler: RunHandler) {
          keep('test profile', name);
          this.runHandler = handler;
        },
        dispose: () => undefined,
      };
      controllers.push(controller);
      return controller;
    },
  };
}

export class TestMessage {
  readonly message: string;
  expectedOutput?: string;
  actualOutput?: string;
  constructor(message: string) {
    this.message = message;
  }
  static diff(message: string, expected: string, actual: string): TestMessage {
    const made = new TestMessage(message);
    made.expectedOutput = expected;
    made.actualOutput = actual;
    return made;
  }
}
