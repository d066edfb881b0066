/**
 * Items of CRUXEval (Gu et al. 2024) as held-out tasks, from a file that the user names: none of its
 * items is kept in this repository.
 */
import { ProblemError } from '../../server/protocol/problem.ts';
import type { HeldOutTask } from '../../server/protocol/heldOut.ts';
import type { Grader } from '../../server/protocol/sandbox.ts';
import type { RejectionReason, VerdictReason } from '../../server/protocol/vocabulary.ts';
import { RandomStream } from '../../server/src/method/randomStream.ts';

/** The part of the held-out set that these tasks are. */
const CRUXEVAL = 'cruxeval';

/** The same items in every run, whatever its seed, so that runs can be compared. */
const SHUFFLE_SEED = 20_240_105;

/** One line of the data set. */
export interface CruxevalItem {
  readonly code: string;
  readonly input: string;
  readonly output: string;
  readonly id: string;
}

/** How many items were left out, by why. */
export type LeftOut = Readonly<Partial<Record<RejectionReason | VerdictReason, number>>>;

export interface CruxevalTasks {
  /** Two of every item that is sound: its output is asked for, then its input. */
  readonly tasks: readonly HeldOutTask[];
  readonly leftOut: LeftOut;
}

/** Throws ProblemError that names the first line of `file` that does not hold an item. */
export function parseCruxeval(text: string, file: string): CruxevalItem[] {
  const lines = text.split('\n').map((line, index) => ({ line, number: index + 1 }));
  const items = lines
    .filter(({ line }) => line.trim() !== '')
    .map(({ line, number }) => {
      const item = parsed(line);
      if (!isItem(item)) {
        throw new ProblemError({
          code: 'usage',
          message: `${file}, line ${String(number)}: it is not an item of CRUXEval.`,
          remedy: 'Every line is a JSON object with the texts "code", "input", "output" and "id".',
        });
      }
      return item;
    });
  if (items.length > 0) return items;
  throw new ProblemError({
    code: 'usage',
    message: `${file} holds no item.`,
    remedy: 'Name a file with one item of CRUXEval per line.',
  });
}

/** The first `count` items of a shuffle that is always the same. */
export function drawCruxeval(items: readonly CruxevalItem[], count: number): CruxevalItem[] {
  return new RandomStream(SHUFFLE_SEED, CRUXEVAL).sample(items, count);
}

/**
 * Executes every item. One whose program is refused or fails, whose input is not a list of literals, or
 * whose output is not what comes out is left out and counted.
 */
export async function cruxevalTasks(
  grader: Pick<Grader, 'validate' | 'verifyDeduction'>,
  items: readonly CruxevalItem[],
): Promise<CruxevalTasks> {
  const found = await Promise.all(items.map((item) => tasksOf(grader, item)));
  const leftOut: Partial<Record<RejectionReason | VerdictReason, number>> = {};
  for (const one of found) {
    if (typeof one === 'string') leftOut[one] = (leftOut[one] ?? 0) + 1;
  }
  return { tasks: found.flatMap((one) => (typeof one === 'string' ? [] : one)), leftOut };
}

/** The tasks of an item, its texts as the sandbox writes them; or why there are none. */
async function tasksOf(
  grader: Pick<Grader, 'validate' | 'verifyDeduction'>,
  { code: program, input, output }: CruxevalItem,
): Promise<HeldOutTask[] | RejectionReason | VerdictReason> {
  const validation = await grader.validate({ mode: 'deduction', program, input });
  if (!validation.valid) return validation.reason;
  const { examples } = validation;
  const verification = grader.verifyDeduction({ output: examples[0]!.output }, output);
  if (verification.verdict !== 'correct') return verification.reason;
  return (['deduction', 'abduction'] as const).map((mode) => ({
    ...{ mode, program, examples, visible: 0, stratum: CRUXEVAL },
  }));
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function isItem(value: unknown): value is CruxevalItem {
  if (typeof value !== 'object' || value === null) return false;
  const { code, input, output, id } = value as Partial<Record<keyof CruxevalItem, unknown>>;
  return [code, input, output, id].every((field) => typeof field === 'string');
}
