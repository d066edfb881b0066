/** Which constructs of programs a model was shown to have learned. */
import { type LearnedConstruct, REPORT_LEVEL } from '../../protocol/learning.ts';
import { holm } from './holm.ts';
import { mcNemarP } from './mcnemar.ts';

/** A rate over fewer tasks says little, whatever its p. */
const FEWEST_TASKS = 20;
/** In [0, 1]: a smaller gain, however certain, is not called learned. */
const LEAST_GAIN = 0.1;
const MOST_LEARNED = 5;

/** A held-out task that was answered greedily at either time. */
export interface AnsweredTask {
  readonly constructs: readonly string[];
  readonly before: boolean;
  readonly after: boolean;
}

/**
 * Constructs whose tasks are answered correctly more often than before: by McNemar's test, adjusted by Holm
 * for all constructs that have enough tasks. A program has several constructs, and each would seem learned
 * where one of them was: so the largest gain is taken first, and from then on only tasks without it count.
 */
export function learnedConstructs(tasks: readonly AnsweredTask[]): LearnedConstruct[] {
  const learned: LearnedConstruct[] = [];
  let left = tasks;
  while (learned.length < MOST_LEARNED) {
    const next = largestGain(left);
    if (next === undefined) break;
    learned.push(next);
    left = left.filter(({ constructs }) => !constructs.includes(next.construct));
  }
  return learned;
}

function largestGain(tasks: readonly AnsweredTask[]): LearnedConstruct | undefined {
  const names = [...new Set(tasks.flatMap(({ constructs }) => constructs))].sort();
  const tested = names
    .map((construct) => ({
      construct,
      having: tasks.filter(({ constructs }) => constructs.includes(construct)),
    }))
    .filter(({ having }) => having.length >= FEWEST_TASKS);
  const adjusted = holm(tested.map(({ having }) => pOf(having)));
  const gains = tested
    .map(({ construct, having }, index) => ({
      construct,
      tasks: having.length,
      before: share(having, ({ before }) => before),
      after: share(having, ({ after }) => after),
      pValue: adjusted[index]!,
    }))
    .filter(
      ({ before, after, pValue }) => after - before >= LEAST_GAIN && pValue < 1 - REPORT_LEVEL,
    );
  return gains.sort((a, b) => b.after - b.before - (a.after - a.before))[0];
}

function pOf(tasks: readonly AnsweredTask[]): number {
  const gained = tasks.filter(({ before, after }) => after && !before).length;
  const lost = tasks.filter(({ before, after }) => before && !after).length;
  return mcNemarP(gained, lost);
}

function share(tasks: readonly AnsweredTask[], holds: (task: AnsweredTask) => boolean): number {
  return tasks.filter(holds).length / tasks.length;
}
