/** Proposals of the starting model that the policy learns again: which, how much they weigh, and when there are none. */
import { expect, test } from 'vitest';

import type { RunSettings } from '../../server/protocol/settings.ts';
import { loopFixture } from './loopFixture.ts';

const REHEARSAL: Partial<RunSettings> = {
  ...{ steps: 1, startingProposals: 0.5, rehearsedProposals: 3 },
  ...{ goldLossWeight: 0.5, goldDocumentsPerStep: 24, goldUpdatesPerStep: 2 },
};

async function firstStep(changes: Partial<RunSettings> = {}) {
  const { engine, run, store } = loopFixture({ settings: { ...REHEARSAL, ...changes } });
  await run();
  const step = store.steps[1]!;
  const explored = step.rollouts.filter(({ phase }) => phase === 'explore');
  const documents = engine.updateCalls
    .flatMap(({ objectives }) => objectives)
    .filter(({ loss }) => loss.kind === 'cross_entropy');
  return { step, explored, documents };
}

test('as many accepted ones as asked for, each just as it was written, among the documents', async () => {
  const { step, explored, documents } = await firstStep();
  const rehearsed = explored.filter(({ trained }) => trained);
  expect(rehearsed).toHaveLength(3);
  expect(rehearsed.every(({ taskId }) => taskId !== undefined)).toBe(true);
  expect(rehearsed.every(({ advantage }) => advantage === undefined)).toBe(true);
  const data = documents.flatMap((objective) => objective.data);
  const textOf = (prompt: readonly number[], completion: readonly number[]) =>
    JSON.stringify([prompt, completion]);
  const written = new Set(rehearsed.map((one) => textOf(one.promptTokens, one.tokens)));
  const learned = data.filter((one) => written.has(textOf(one.promptTokens, one.completionTokens)));
  expect(learned).toHaveLength(3);
  // The rest are documents of executed answers, and those alone have rows.
  expect(data).toHaveLength(3 + step.goldDocuments.length);
});

test('every document weighs alike, rehearsed or not', async () => {
  const { documents } = await firstStep();
  for (const { data } of documents) {
    for (const { advantages } of data) {
      const weight = advantages.reduce((sum, one) => sum + one, 0);
      expect(weight).toBeCloseTo(0.5 / data.length, 12);
    }
  }
});

test('none where no answers of the interpreter are learned, and none that were refused', async () => {
  const alone = await firstStep({ goldLossWeight: 0 });
  expect(alone.documents).toEqual([]);
  expect(alone.explored.every(({ trained }) => !trained)).toBe(true);

  const all = await firstStep({ rehearsedProposals: 4096 });
  const accepted = all.explored.filter(({ taskId }) => taskId !== undefined);
  expect(accepted.length).toBeGreaterThan(3);
  expect(all.explored.filter(({ trained }) => trained)).toEqual(accepted);
});

test('rewards of rehearsed proposals stay out of every baseline', async () => {
  const { step } = await firstStep({ rehearsedProposals: 4096 });
  for (const { role, mode, count } of step.baselines) {
    if (role !== 'proposer') continue;
    const own = step.rollouts.filter((one) => one.phase === 'propose' && one.mode === mode);
    expect(count).toBe(own.length);
  }
});
