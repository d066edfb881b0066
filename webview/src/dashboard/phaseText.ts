/** What the pages call the phases of a step. */
import type { Phase } from '../../../server/protocol/events.ts';

export const PHASE_TEXTS: Readonly<Record<Phase, string>> = {
  seed: 'seeding',
  propose: 'proposing tasks',
  validate: 'validating proposals',
  estimate: 'solving new tasks',
  solve: 'solving again',
  update: 'training',
  probe: 'held-out tasks',
  checkpoint: 'saving a checkpoint',
};
