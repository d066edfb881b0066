/** How fast a run goes: one definition for the terminal, the tree, the status bar and the dashboard. */

/** So many of the newest steps count. The seeding does not: it is not a step like the others. */
export const PACE_STEPS = 10;

export interface Pace {
  /** Tokens that were sampled, by the time of whole steps. */
  readonly tokensPerSecond: number;
  readonly stepMs: number;
}

/** Undefined before there is a step. */
export function paceOf(
  steps: readonly { readonly durationMs: number; readonly generatedTokens: number }[],
): Pace | undefined {
  const newest = steps.slice(-PACE_STEPS);
  const durationMs = newest.reduce((sum, step) => sum + step.durationMs, 0);
  const tokens = newest.reduce((sum, step) => sum + step.generatedTokens, 0);
  return durationMs === 0
    ? undefined
    : { tokensPerSecond: (tokens / durationMs) * 1000, stepMs: durationMs / newest.length };
}

/** How long the steps after `step` take at this pace, up to the last of `steps`. */
export function remainingMs(pace: Pick<Pace, 'stepMs'>, step: number, steps: number): number {
  return pace.stepMs * (steps - step);
}
