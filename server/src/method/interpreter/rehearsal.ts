/**
 * Proposals of the starting model that the policy learns again by cross-entropy. Training on solver's
 * documents alone wears off how tasks are written: without rehearsal the share of valid proposals of
 * `azr-nano` fell from nine in ten to four in ten within 240 steps, whatever they earned.
 */
import { usesGold } from '../../../protocol/goldSettings.ts';
import type { RunSettings } from '../../../protocol/settings.ts';
import type { Ledger } from '../ledger.ts';
import { RandomStream } from '../randomStream.ts';
import type { GoldDocument } from './goldDocuments.ts';

/**
 * Up to `rehearsedProposals` of the step's accepted proposals by the starting model, as documents. Their
 * rollouts are marked as trained on; they have no advantage.
 */
export function drawRehearsed(settings: RunSettings, ledger: Ledger): GoldDocument[] {
  if (!usesGold(settings)) return [];
  const accepted = ledger.rollouts.filter(
    ({ phase, taskId }) => phase === 'explore' && taskId !== undefined,
  );
  const random = new RandomStream(settings.seed, 'rehearsal', ledger.step);
  return random.sample(accepted, settings.rehearsedProposals).map((rollout) => {
    rollout.trained = true;
    return { promptTokens: rollout.promptTokens, completionTokens: rollout.tokens };
  });
}
