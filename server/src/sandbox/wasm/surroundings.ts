/**
 * What is made up for an execution in wasm: the host's clock and random numbers, and the seed of what the
 * interpreter makes up by itself (`harness/surroundings.py`). It follows from variant and round alone,
 * so that a run that was resumed equals an unbroken one, and a task can be reproduced.
 */
import { createHash } from 'node:crypto';
import type { Variant } from '../pool/sandboxServer.ts';
import type { HostSurroundings } from './messages.ts';

const SECOND_NS = 1_000_000_000n;
const MILLISECOND_NS = 1_000_000n;
const MICROSECOND_NS = 1_000n;

/**
 * Of the first round, which all programs meet. The two starts differ in whether their seconds,
 * milliseconds, microseconds and nanoseconds are even; what later rounds add is even in each of these,
 * and so is each step, until enough of them make a millisecond.
 */
export const FIRST_ROUND: readonly [HostSurroundings, HostSurroundings] = [
  {
    clockStartNs: 1_704_067_200_000_000_000n,
    clockStepNs: 50_000n,
    randomSeed: 0x9e37_79b9,
  },
  {
    clockStartNs: 1_741_953_601_001_001_001n,
    clockStepNs: 90_000n,
    randomSeed: 0x6a09_e667,
  },
];

export interface Surroundings {
  readonly host: HostSurroundings;
  /** Hexadecimal; undefined in the first round, where the interpreter is left as it was prepared. */
  readonly seed: string | undefined;
}

/** Those of one execution. @param round from 0 */
export function surroundingsOf(variant: Variant, round: number): Surroundings {
  const first = FIRST_ROUND[variant];
  if (round === 0) return { host: first, seed: undefined };
  const digest = createHash('sha256').update(`surroundings ${variant} ${round}`).digest();
  const below = (bound: number, offset: number): bigint =>
    BigInt(digest.readUInt32LE(offset) % bound);
  return {
    host: {
      clockStartNs:
        first.clockStartNs +
        2n * SECOND_NS * below(1 << 21, 0) +
        2n * MILLISECOND_NS * below(400, 4) +
        2n * MICROSECOND_NS * below(200, 8) +
        2n * below(400, 12),
      clockStepNs: 2n * MICROSECOND_NS * (10n + below(40, 16)),
      // The generator would give nothing but zeros from zero.
      randomSeed: digest.readUInt32LE(20) | 1,
    },
    seed: digest.subarray(24).toString('hex'),
  };
}
