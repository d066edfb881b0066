/** What Compare shows for what is chosen in the tree, the palette or a page. */
import { afterAll, beforeEach, expect, test, vi } from 'vitest';

import type { Measurement } from '../../server/protocol/comparison.ts';
import { groupNode, itemNode, overview, runNode, step } from './treeSamples.ts';

vi.mock('vscode', async () => (await import('../security/vscodeRecorder.ts')).vscodeRecorder);

// Other files of tests load the same modules with a `vscode` of theirs.
vi.resetModules();
afterAll(() => {
  vi.resetModules();
});
const { compare } = await import('../../extension/src/commands/compare.ts');
const { window } = await import('../../extension/src/shown/safeWindow.ts');

const OLDER = overview({ id: 'older', createdAt: '2026-01-01T00:00:00Z', heldOutBefore: 0.2 });
const NEWER = overview({ id: 'newer', createdAt: '2026-02-01T00:00:00Z', heldOutBefore: 0.2 });
const UNMEASURED = overview({ id: 'unmeasured' });
const EVALUATION = overview({
  ...{ id: 'evaluation', createdAt: '2026-03-01T00:00:00Z', lastStep: 1 },
  evaluation: { suite: 'heldout', subjects: ['older@0', 'older', 'newer'] },
});
const runs = [NEWER, EVALUATION, OLDER, UNMEASURED];

const stepNode = (run: typeof OLDER, number: number) =>
  ({ kind: 'step', id: 'step', parent: runNode(run), step: step(number) }) as const;

let shown: (readonly Measurement[])[];
const studio = {
  runs: {
    all: runs,
    load: () => Promise.resolve(),
    find: (id: string) => runs.find((run) => run.id === id),
  },
  comparison: {
    show: (measurements: readonly Measurement[]) => {
      shown.push(measurements);
    },
  },
} as never;

beforeEach(() => {
  shown = [];
});

test('a run alone is compared with its start, a step too', async () => {
  await compare(studio, runNode(NEWER), undefined);
  await compare(studio, stepNode(OLDER, 8), [stepNode(OLDER, 8)]);
  expect(shown).toEqual([
    [{ runId: 'newer', step: 0 }, { runId: 'newer' }],
    [
      { runId: 'older', step: 0 },
      { runId: 'older', step: 8 },
    ],
  ]);
});

test('of what is selected, the earlier run and the earlier step come first', async () => {
  const selection = [runNode(NEWER), stepNode(OLDER, 9), stepNode(OLDER, 4)];
  await compare(studio, selection[0], selection);
  expect(shown).toEqual([
    [{ runId: 'older', step: 4 }, { runId: 'older', step: 9 }, { runId: 'newer' }],
  ]);
});

test('an evaluation is its subjects that were asked so far', async () => {
  await compare(studio, runNode(EVALUATION), [runNode(EVALUATION)]);
  expect(shown).toEqual([
    [
      { runId: 'evaluation', step: 0 },
      { runId: 'evaluation', step: 1 },
    ],
  ]);
});

test('a task stands for its run', async () => {
  const node = itemNode({ kind: 'proposal' } as never);
  await compare(studio, node, [node]);
  expect(shown).toHaveLength(1);
  expect(shown[0]![1]).toEqual({ runId: groupNode().parent.parent.run.id });
});

test('what a page asks for keeps its order', async () => {
  const measurements = [{ runId: 'newer' }, { runId: 'older', step: 3 }];
  await compare(studio, { measurements }, undefined);
  expect(shown).toEqual([measurements]);
});

test('the palette offers every measurement, and more than fit are refused', async () => {
  const pick = vi.spyOn(window, 'showQuickPick');
  let offered: readonly { readonly label: string; readonly description?: string }[] = [];
  pick.mockImplementation((items: unknown) => {
    offered = items as typeof offered;
    return Promise.resolve(items) as never;
  });
  await compare(studio, undefined, undefined);
  expect(offered.map(({ description }) => description)).toEqual([
    expect.stringMatching(/^Evaluation of heldout/),
    expect.stringMatching(/^Evaluation of heldout/),
    ...['latest measurement', 'before training', 'latest measurement', 'before training'],
  ]);
  expect(shown[0]!.map(({ runId }) => runId)).toEqual([
    ...['older', 'older', 'newer', 'newer', 'evaluation', 'evaluation'],
  ]);
  const selection = Array.from({ length: 7 }, (_, index) => stepNode(OLDER, index));
  await expect(compare(studio, selection[0], selection)).rejects.toThrow('6 fit');
  pick.mockRestore();
});
