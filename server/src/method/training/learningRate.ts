/** The learning rate of a step: a function of its number alone, so that a resumed run goes on with the right one. */
import type { RunSettings } from '../../../protocol/settings.ts';

export type Schedule = Pick<RunSettings, 'steps' | 'warmUpSteps' | 'learningRateDecay'>;

/**
 * Share of the full rate at `step`, from 1. It rises linearly over the w steps of the warm-up, step w
 * being the first at the full rate, and then falls to the last step of S as 1 − x or ½(1 + cos πx),
 * where x = (step − w) / (S − w + 1): the last step still learns a little.
 */
export function rateShare(
  { steps, warmUpSteps, learningRateDecay }: Schedule,
  step: number,
): number {
  if (step < warmUpSteps) return step / warmUpSteps;
  const passed = (step - warmUpSteps) / (steps - warmUpSteps + 1);
  switch (learningRateDecay) {
    case 'none':
      return 1;
    case 'linear':
      return 1 - passed;
    case 'cosine':
      return (1 + Math.cos(Math.PI * passed)) / 2;
  }
}
