/** What is told of runs that ended. */
import { afterAll, expect, test, vi } from 'vitest';

import type { RunOverview } from '../../server/protocol/runs.ts';
import { overview } from './treeSamples.ts';

const shown: string[] = [];

vi.mock('vscode', () => {
  /** Stays on the screen until somebody closes it, which nobody does here. */
  const show = (message: string) => {
    shown.push(message);
    return new Promise(() => undefined);
  };
  return {
    window: {
      showInformationMessage: show,
      showWarningMessage: show,
      showErrorMessage: show,
    },
    workspace: {
      getConfiguration: () => ({ get: (_: string, fallback: unknown) => fallback }),
    },
  };
});

// Other files of tests load the same modules with a `vscode` of theirs.
vi.resetModules();
afterAll(() => {
  vi.resetModules();
});
const { Notifications } = await import('../../extension/src/status/notifications.ts');

test('a notification that stays open does not hold back the next one', async () => {
  let tell = (_: RunOverview): void => undefined;
  const connection = {
    onRunEnded: (listener: (run: RunOverview) => void) => {
      tell = listener;
      return { dispose: () => undefined };
    },
  };
  const notifications = new Notifications(connection);
  tell(overview({ name: 'one', state: 'finished' }));
  tell(overview({ name: 'two', state: 'failed' }));

  await vi.waitFor(() => {
    expect(shown).toHaveLength(2);
  });
  expect(shown[0]).toContain('The run one is finished');
  expect(shown[1]).toContain('The run two failed');
  notifications.dispose();
});

test('what the results of tests tell is not told again', () => {
  shown.length = 0;
  let tell = (_: RunOverview): void => undefined;
  const connection = {
    onRunEnded: (listener: (run: RunOverview) => void) => {
      tell = listener;
      return { dispose: () => undefined };
    },
  };
  new Notifications(connection, (runId) => runId === 'tested');
  tell(overview({ id: 'tested', name: 'one', state: 'finished' }));
  tell(overview({ id: 'other', name: 'two', state: 'finished' }));
  expect(shown).toEqual([expect.stringContaining('The run two is finished')]);
});
