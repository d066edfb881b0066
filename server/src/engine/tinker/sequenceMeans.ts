/** Advantages for a server that averages where ours adds up. */
import type { TrainingDatum } from '../../../protocol/engine.ts';

/**
 * The server's gradient is that of (1/N) Σᵢ (1/Tᵢ) Σₜ ℓᵢₜ over the N sequences since the last step, Tᵢ
 * being a completion's tokens where prompt tokens weigh 0 and completion tokens 1; ours is that of
 * Σᵢ Σₜ ℓᵢₜ. Every policy loss ℓ is proportional to its advantage for positive factors, so that
 * advantages times N·Tᵢ make both equal. `data` must be all of a step, however many requests it takes.
 */
export function advantagesForSequenceMeans(data: readonly TrainingDatum[]): TrainingDatum[] {
  return data.map((datum) => {
    const factor = data.length * datum.completionTokens.length;
    return { ...datum, advantages: datum.advantages.map((advantage) => advantage * factor) };
  });
}
