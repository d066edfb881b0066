/** Held-out tasks as two steps of a database answered them. */
import type { PartChange, RateChange } from '../../protocol/learning.ts';
import { MODES } from '../../protocol/vocabulary.ts';
import { greedyChange, type PairedRate, rateChange } from '../statistics/pairedChange.ts';
import { passRate, strataOf } from '../statistics/probeMetrics.ts';
import { type HeldOutAnswer, heldOutAnswers } from '../store/curves/heldOutQuery.ts';
import { taskTitle } from '../store/lists/listText.ts';
import { Relatives } from '../store/lists/relatives.ts';
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

/** What lists call the tasks of at most a page of pairs, by their numbers in `reader`. */
export function titlesOf(reader: RunReader, pairs: readonly Pair[]): ReadonlyMap<number, string> {
  const tasks = new Relatives(reader.connection).tasksByIds(
    pairs.map(({ before }) => before.taskId),
  );
  return new Map(tasks.map((task) => [task.id, taskTitle(task) ?? '']));
}

/** Modes, where there are several, then strata; pass@k by the pairs of `drawn`. */
export function partsOf(pairs: readonly Pair[], drawn: readonly Pair[]): PartChange[] {
  const modes = MODES.map((mode) => ({ part: { mode }, has: (of: Kind) => of.mode === mode }));
  const strata = strataOf(pairs.map(({ before }) => before)).map((stratum) => ({
    part: { stratum },
    has: (of: Kind) => of.stratum === stratum,
  }));
  return [...modes, ...strata].flatMap(({ part, has }) => {
    const some = pairs.filter(({ before }) => has(before));
    if (some.length === 0) return [];
    const sampled = drawn.filter(({ before }) => has(before));
    return [
      {
        part,
        tasks: some.length,
        greedy: greedyChange(some.map(greedyRate)),
        ...(sampled.length > 0 && { passK: passChange(sampled, answersEach(drawn)) }),
      },
    ];
  });
}

type Kind = Pick<HeldOutAnswer, 'mode' | 'stratum'>;
