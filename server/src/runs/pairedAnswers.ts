/** Held-out tasks as two steps of a database answered them. */
import type { RateChange } from '../../protocol/learning.ts';
import { type PairedRate, rateChange } from '../statistics/pairedChange.ts';
import { passRate } from '../statistics/probeMetrics.ts';
import { type HeldOutAnswer, heldOutAnswers } from '../store/curves/heldOutQuery.ts';
import type { RunReader } from '../store/runReader.ts';

/** A held-out task at two measurements. */
export interface Pair {
  readonly before: HeldOutAnswer;
  readonly after: HeldOutAnswer;
}

/** The tasks that both steps asked greedily, in the order of their file. */
export function pairsOf(
  { connection }: RunReader,
  { first, last }: { readonly first: number; readonly last: number },
): Pair[] {
  const earlier = new Map(heldOutAnswers(connection, first).map((one) => [one.taskId, one]));
  return heldOutAnswers(connection, last).flatMap((after) => {
    const before = earlier.get(after.taskId);
    return before === undefined ? [] : [{ before, after }];
  });
}

export function greedyRate({ before, after }: Pair): PairedRate {
  return { ...before, before: Number(before.isRight), after: Number(after.isRight) };
}

/** The change of pass@k. */
export function passChange(pairs: readonly Pair[], k: number): RateChange {
  return rateChange(
    pairs.map(({ before, after }) => ({
      ...before,
      before: passRate(before, k),
      after: passRate(after, k),
    })),
  );
}

/** The largest k that both steps sampled for every task; Infinity without tasks. */
export function answersEach(pairs: readonly Pair[]): number {
  const counts = pairs.flatMap(({ before, after }) => [
    before.sampled?.samples ?? 0,
    after.sampled?.samples ?? 0,
  ]);
  return counts.reduce((least, count) => Math.min(least, count), Infinity);
}
