/** Requests while the language server is replaced by another. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

vi.mock('vscode', () => ({
  EventEmitter: class {
    readonly event = () => undefined;
    readonly fire = () => undefined;
    readonly dispose = () => undefined;
  },
}));

const { ServerConnection } = await import('../../extension/src/connection/serverConnection.ts');

/** What vscode-languageclient rejects with once it is stopping. */
const NOT_RUNNING = Object.assign(new Error('Client is not running'), { code: -32_096 });

let folder: string;
let links: { readonly asked: string[]; isRunning: boolean }[];
let startOf: (link: number) => Promise<void>;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'azr-connection-'));
  mkdirSync(path.join(folder, 'dist'));
  writeFileSync(
    path.join(folder, 'dist', 'languageClient.cjs'),
    'exports.openServerLink = () => globalThis.openTestLink();',
  );
  links = [];
  startOf = () => Promise.resolve();
  vi.stubGlobal('openTestLink', () => {
    const link = { asked: [] as string[], isRunning: true };
    const number = links.push(link);
    return {
      start: () => startOf(number),
      stop: () => {
        link.isRunning = false;
        return Promise.resolve();
      },
      request: (method: string) => {
        if (!link.isRunning) return Promise.reject(NOT_RUNNING);
        link.asked.push(method);
        return Promise.resolve({ text: `answer ${String(links.length)}` });
      },
    };
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
  rmSync(folder, { recursive: true });
});

function connect(environment: () => Promise<Record<string, string>> = () => Promise.resolve({})) {
  return new ServerConnection({
    extensionPath: folder,
    log: { warn: () => undefined } as never,
    initialization: () => ({}) as never,
    environment,
  });
}

test('what was never sent to a server that is being replaced is asked of the next one', async () => {
  const connection = connect();
  await connection.start();
  const asked = connection.documentText('azr:/run/task-1.py');
  const restarted = connection.restart();

  expect(await asked).toBe('answer 2');
  await restarted;
  expect(links.map((link) => link.asked)).toEqual([[], ['workspace/textDocumentContent']]);
});

test('a server that stopped by itself is not asked again and again', async () => {
  const connection = connect();
  await connection.start();
  links[0]!.isRunning = false;

  await expect(connection.documentText('azr:/run/task-1.py')).rejects.toBe(NOT_RUNNING);
  expect(links).toHaveLength(1);
});

test('a restart while the first server is being prepared leaves one server', async () => {
  let prepared = (): void => undefined;
  const first = new Promise<void>((resolve) => {
    prepared = resolve;
  });
  const environments = [first, Promise.resolve()];
  const connection = connect(async () => {
    await environments.shift();
    return {};
  });
  const asked = connection.documentText('azr:/run/task-1.py');
  const restarted = connection.restart();
  await restarted;
  prepared();

  expect(await asked).toBe('answer 1');
  expect(links.filter(({ isRunning }) => isRunning)).toHaveLength(1);
});

test('a restart while the first server starts stops it, and its failure is not the second one’s', async () => {
  let fail = (_: Error): void => undefined;
  startOf = (link) =>
    link === 1
      ? new Promise((_, reject) => {
          fail = reject;
        })
      : Promise.resolve();
  const connection = connect();
  const asked = connection.documentText('azr:/run/task-1.py');
  await vi.waitFor(() => {
    expect(links).toHaveLength(1);
  });
  await connection.restart();
  fail(new Error('stopped'));

  expect(await asked).toBe('answer 2');
  expect(connection.state).not.toBe('failed');
  expect(links.map(({ isRunning }) => isRunning)).toEqual([false, true]);
});
