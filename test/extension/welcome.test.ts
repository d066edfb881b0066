/** What the first window with AZR Studio opens on. */
import { afterAll, beforeEach, expect, test, vi } from 'vitest';

const opened: unknown[][] = [];
let settings: Readonly<Record<string, unknown>>;

vi.mock('vscode', () => ({
  commands: {
    executeCommand: (...given: unknown[]) => {
      opened.push(given);
      return Promise.resolve();
    },
  },
  workspace: {
    getConfiguration: (section: string) => ({
      get: (name: string, fallback: unknown) => settings[`${section}.${name}`] ?? fallback,
    }),
  },
}));

// Other files of tests load the same modules with a `vscode` of theirs.
vi.resetModules();
afterAll(() => {
  vi.resetModules();
});
const { welcome } = await import('../../extension/src/welcome.ts');

let context: Parameters<typeof welcome>[0]['context'];

beforeEach(() => {
  opened.length = 0;
  settings = {};
  const kept = new Map<string, unknown>();
  context = {
    extension: { id: 'azr-studio.azr-studio' },
    globalState: {
      get: (key: string) => kept.get(key),
      update: (key: string, value: unknown) => {
        kept.set(key, value);
        return Promise.resolve();
      },
    },
  } as never;
});

test('the first window opens on the walkthrough, later ones as they were left', async () => {
  await welcome({ context, wasUsed: false });
  await welcome({ context, wasUsed: false });

  expect(opened).toEqual([
    ['workbench.action.openWalkthrough', 'azr-studio.azr-studio#azr.start', false],
  ]);
});

test('nothing opens for who wants no walkthroughs', async () => {
  settings = { 'workbench.welcomePage.walkthroughs.openOnInstall': false };
  await welcome({ context, wasUsed: false });

  expect(opened).toEqual([]);
});

test('whoever has called a command meanwhile is not interrupted', async () => {
  const window = { context, wasUsed: false };
  const welcomed = welcome(window);
  window.wasUsed = true;
  await welcomed;

  expect(opened).toEqual([]);
});
