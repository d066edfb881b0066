/** Several suites are evaluated one after the other, and none after one that did not finish. */
import { afterAll, beforeEach, expect, test, vi } from 'vitest';

import type { EvaluateRequest } from '../../server/protocol/evaluation.ts';
import type { RunState } from '../../server/protocol/runs.ts';

const said: string[] = [];

vi.mock('vscode', () => ({
  ProgressLocation: { Window: 10, Notification: 15 },
  CancellationTokenSource: class {
    token = {};
    cancel = () => undefined;
    dispose = () => undefined;
  },
  window: {
    withProgress: (_: unknown, task: (progress: unknown, token: unknown) => unknown) =>
      task({ report: () => undefined }, {}),
    showInformationMessage: (message: string) => said.push(message),
  },
}));

// Other files of tests load the same modules with a `vscode` of theirs.
vi.resetModules();
afterAll(() => {
  vi.resetModules();
});
const { evaluateInTurn } = await import('../../extension/src/commands/evaluateInTurn.ts');

const requests = ['heldout', 'gsm8k', 'codeio'].map((suite): EvaluateRequest => ({
  ...{ suite, samples: 0, parentFolder: '/work', subjects: [{ model: 'azr-nano' }] },
}));

/** Evaluations that end, each in its state, when the test says so. */
function studioOf(failing?: string) {
  const begun: string[] = [];
  const told: unknown[] = [];
  const ends = new Map<string, (state: RunState) => void>();
  const studio = {
    connection: {
      request: (_: string, { suite }: EvaluateRequest) => {
        if (suite === failing) return Promise.reject(new Error(`No ${suite}.`));
        begun.push(suite);
        return Promise.resolve({ runId: suite });
      },
    },
    runs: {
      until: (runId: string, is: (run: { state: RunState }) => boolean) =>
        new Promise((resolve) => {
          ends.set(runId, (state) => {
            if (is({ state })) resolve({ state });
          });
        }),
      choose: () => undefined,
    },
    showRun: () => Promise.resolve(),
    dashboard: { show: () => undefined },
    tell: (error: unknown) => told.push(error),
  };
  const end = async (suite: string, state: RunState) => {
    await vi.waitFor(() => {
      expect(ends.has(suite)).toBe(true);
    });
    ends.get(suite)!(state);
    await new Promise((resolve) => setTimeout(resolve, 5));
  };
  return { studio: studio as never, begun, told, end };
}

beforeEach(() => {
  said.length = 0;
});

test('the next begins when the one before has finished, and not before', async () => {
  const { studio, begun, end, told } = studioOf();
  await evaluateInTurn(studio, requests);
  expect(begun).toEqual(['heldout']);
  await end('heldout', 'running');
  await end('heldout', 'paused');
  expect(begun).toEqual(['heldout']);
  await end('heldout', 'finished');
  await end('gsm8k', 'finished');
  expect(begun).toEqual(['heldout', 'gsm8k', 'codeio']);
  expect([said, told]).toEqual([[], []]);
});

test.each<RunState>(['stopped', 'failed', 'interrupted'])(
  'none begins after one that is %s, and which these are is said',
  async (state) => {
    const { studio, begun, end } = studioOf();
    await evaluateInTurn(studio, requests);
    await end('heldout', state);
    expect(begun).toEqual(['heldout']);
    expect(said).toEqual(['Not begun, since the evaluation before did not finish: gsm8k, codeio']);
  },
);

test('what the first cannot begin for is thrown, what a later one cannot is told', async () => {
  await expect(evaluateInTurn(studioOf('heldout').studio, requests)).rejects.toThrow('No heldout.');
  const { studio, begun, end, told } = studioOf('gsm8k');
  await evaluateInTurn(studio, requests);
  await end('heldout', 'finished');
  await vi.waitFor(() => {
    expect(told).toMatchObject([{ message: 'No gsm8k.' }]);
  });
  expect(begun).toEqual(['heldout']);
});
