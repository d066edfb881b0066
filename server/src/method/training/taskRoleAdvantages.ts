/** Advantages of a step's rollouts, compared within the six task-role batches: paper section 3.3.5, eq. 8. */
import { taskRole } from '../../../protocol/events.ts';
import type { RunSettings } from '../../../protocol/settings.ts';
import { type Mode, MODES, ROLES } from '../../../protocol/vocabulary.ts';
import type { Ledger, RolloutDraft } from '../ledger.ts';
import {
  type AdvantageOptions,
  advantagesApart,
  advantagesOf,
  type RewardParts,
} from './advantages.ts';

/** Fills in the advantages of the six task-role batches and notes their baselines. */
export function assignAdvantages(
  ledger: Ledger,
  settings: RunSettings,
  rollouts: readonly RolloutDraft[],
): void {
  for (const role of ROLES) {
    for (const mode of MODES) {
      const batch = rollouts.filter((rollout) => rollout.role === role && rollout.mode === mode);
      if (batch.length === 0) {
        continue;
      }
      const { advantages, baseline } = advantagesOf(
        batch.map(({ reward = 0, group, verdict }) => ({
          ...{ reward, group },
          correct: verdict === 'correct',
        })),
        role === 'solver'
          ? { baseline: settings.solverBaseline, scale: settings.advantageScale }
          : proposerOptions(settings),
      );
      const apart = role === 'proposer' && settings.proposerAdvantage === 'apart';
      const assigned = apart ? advantagesOfParts(ledger, mode, batch) : advantages;
      batch.forEach((rollout, index) => {
        rollout.advantage = assigned[index]!;
        rollout.trained = true;
      });
      ledger.baselines.push({ step: ledger.step, role, mode, ...baseline });
      ledger.addMetric(`${taskRole(role, mode)}.rewardMean`, baseline.mean);
    }
  }
}

/** Each proposer prompt has one completion, so its group says nothing. */
function proposerOptions({ advantageScale }: RunSettings): AdvantageOptions {
  const scale = advantageScale === 'group-rate' ? 'deviation' : advantageScale;
  return { baseline: 'task-role', scale };
}

/** Notes the baselines of both parts as metrics: an advantage cannot be explained later without them. */
function advantagesOfParts(ledger: Ledger, mode: Mode, batch: readonly RolloutDraft[]): number[] {
  const { advantages, form, role } = advantagesApart(batch.map(partsOf));
  for (const [name, { mean, standardDeviation }] of Object.entries({ form, role })) {
    ledger.addMetric(`${taskRole('proposer', mode)}.${name}Mean`, mean);
    ledger.addMetric(`${taskRole('proposer', mode)}.${name}Deviation`, standardDeviation);
  }
  return advantages;
}

/** The two parts of a proposer's reward. */
export function partsOf({
  reward = 0,
  rewardTerms,
}: Pick<RolloutDraft, 'reward' | 'rewardTerms'>): RewardParts {
  const refused = rewardTerms.some(({ name }) => name === 'format');
  return refused ? { form: reward } : { form: 0, role: reward };
}
