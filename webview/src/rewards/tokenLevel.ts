/** How strongly a token is coloured: four levels each way, so that a legend can name them. */

export const LEVELS = 4;

/** −4 … 4 by push relative to the strongest push of the completion; 0 where nothing was pushed. */
export function pushLevel(push: number, strongest: number): number {
  if (push === 0 || strongest === 0) return 0;
  const level = Math.max(Math.ceil((Math.abs(push) / strongest) * LEVELS - 1e-9), 1);
  return Math.sign(push) * Math.min(level, LEVELS);
}

/** 0 for a token that was next to certain, 4 for one that had less than 1 chance in 20. */
export function surpriseLevel(probability: number): number {
  if (probability >= 0.9) return 0;
  if (probability >= 0.6) return 1;
  if (probability >= 0.3) return 2;
  return probability >= 0.05 ? 3 : 4;
}
