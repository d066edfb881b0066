/** Which settings ask the device for more than the policy and its optimizer. */
import { expect, test } from 'vitest';

import { memoryDemand } from '../../server/src/machine/memoryDemand.ts';
import { completeSettings } from '../../server/src/settings/settings.ts';

const demandOf = (changed: Parameters<typeof completeSettings>[0][number]) =>
  memoryDemand(completeSettings([changed], 'test'));

test('a second optimizer is counted where steps are its own', () => {
  const muon = { goldOptimizer: 'muon', goldUpdatesPerStep: 1 } as const;
  expect(demandOf({}).uses_muon).toBe(false);
  expect(demandOf(muon).uses_muon).toBe(true);
  expect(demandOf({ ...muon, goldLossWeight: 0 }).uses_muon).toBe(false);
});

test('the starting model is counted where the curriculum asks it, or where it proposes', () => {
  const neither = { curriculumEverySteps: 0, startingProposals: 0 };
  expect(demandOf({ ...neither, curriculumEverySteps: 20 }).samples_start).toBe(true);
  expect(demandOf({ ...neither, startingProposals: 0.5 }).samples_start).toBe(true);
  expect(demandOf(neither).samples_start).toBe(false);
});
