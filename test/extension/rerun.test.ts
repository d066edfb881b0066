/** Running a document again, from its lens to the answer of the server. */
import { afterAll, beforeEach, expect, test, vi } from 'vitest';

/** What VS Code shows while something is waited for; `cancel` is its button. */
interface Shown {
  readonly location: number;
  readonly title: string;
  readonly cancel?: () => void;
}
const shown: Shown[] = [];

vi.mock('vscode', () => {
  class CancellationTokenSource {
    readonly #listeners: (() => void)[] = [];
    readonly token = {
      isCancellationRequested: false,
      onCancellationRequested: (listener: () => void) => this.#listeners.push(listener),
    };
    cancel() {
      this.token.isCancellationRequested = true;
      for (const listener of this.#listeners) listener();
    }
    dispose() {
      this.#listeners.length = 0;
    }
  }
  return {
    CancellationTokenSource,
    Uri: { parse: (uri: string) => uri },
    ProgressLocation: { Window: 10, Notification: 15 },
    window: {
      setStatusBarMessage: () => undefined,
      withProgress: (
        {
          location,
          title,
          cancellable,
        }: { location: number; title: string; cancellable?: boolean },
        task: (progress: unknown, token: unknown) => Promise<unknown>,
      ) => {
        const source = new CancellationTokenSource();
        const cancel = () => {
          source.cancel();
        };
        shown.push({ location, title, ...(cancellable === true && { cancel }) });
        return task({}, source.token);
      },
    },
    workspace: {
      openTextDocument: (uri: string) => Promise.resolve({ getText: () => `text of ${uri}` }),
      getConfiguration: () => ({ get: (_: string, fallback: unknown) => fallback }),
    },
  };
});

// Other files of tests load the same modules with a `vscode` of theirs.
vi.resetModules();
afterAll(() => {
  vi.resetModules();
});
const { rerunMany, rerunOnce } = await import('../../extension/src/commands/rerun.ts');

const RESULT = { title: 'task 3', summary: 'all as stored', sandbox: 'native', cases: [] };
const asked: { readonly parameters: unknown; readonly isCancelled: () => boolean }[] = [];
let answer: Promise<unknown>;
const studio = {
  connection: {
    request: (_: string, parameters: unknown, token: { isCancellationRequested: boolean }) => {
      asked.push({ parameters, isCancelled: () => token.isCancellationRequested });
      return answer;
    },
  },
  output: { appendLine: () => undefined, show: () => undefined },
} as never;

beforeEach(() => {
  shown.length = 0;
  asked.length = 0;
  answer = Promise.resolve(RESULT);
});

test('asks for the document that is on the screen, and sends the text of a scratch file', async () => {
  await rerunOnce(studio, 'azr:/r/reference-3.py');
  await rerunMany(studio, 'file:///s/task-3.azr.py');

  expect(asked.map(({ parameters }) => parameters)).toEqual([
    { uri: 'azr:/r/reference-3.py', times: 1 },
    { uri: 'file:///s/task-3.azr.py', text: 'text of file:///s/task-3.azr.py', times: 10 },
  ]);
  expect(shown.filter(({ cancel }) => cancel !== undefined)).toEqual([]);
});

test('that takes long can be cancelled', async () => {
  let refuse = (_: Error): void => undefined;
  answer = new Promise((_, reject) => {
    refuse = reject;
  });
  vi.useFakeTimers();
  const rerun = rerunMany(studio, 'azr:/r/task-3.py');
  await vi.advanceTimersByTimeAsync(1500);
  vi.useRealTimers();
  const cancel = shown.flatMap((one) => one.cancel ?? []);
  expect(cancel).toHaveLength(1);
  expect(asked[0]!.isCancelled()).toBe(false);
  cancel[0]!();
  expect(asked[0]!.isCancelled()).toBe(true);
  refuse(new Error('cancelled'));
  await expect(rerun).rejects.toThrow('cancelled');
});
