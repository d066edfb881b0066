/** reasoning-gym (Stojanovski et al. 2025): procedural tasks of arithmetic, algorithms and logic at three difficulties. */
import { createHash } from 'node:crypto';

import { ProblemError } from '../../../protocol/problem.ts';
import { decodeUtf8 } from '../../files/decodeText.ts';
import { suiteBytes } from '../data/dataSource.ts';
import type { DataSource } from '../data/publishedFile.ts';
import { zipMember } from '../data/zipMember.ts';
import { loadEach } from '../gold.ts';
import { remembered } from '../preparedSuite.ts';
import type { LoadContext, LoadedSuite, Suite, SuiteItem } from '../suite.ts';
import { answerLiteral } from './answers.ts';
import { DIFFICULTIES, type Difficulty, FAMILIES, type Family, itemName } from './families.ts';
import { generateItems, ITEMS_PER_LEVEL, type PackageFile, PARTS } from './generateItems.ts';
import { puzzleBase, puzzleChat } from './puzzleTemplates.ts';

export const REASONING_GYM_SOURCE: DataSource = {
  title: 'reasoning-gym',
  fileName: 'reasoning_gym-0.1.25-py3-none-any.whl',
  sha256: '7f17a3eddb13c015d7d4a755ed576a061df889faf9468bcc2cca334ebe9e0435',
  from: { package: 'reasoning-gym', version: '0.1.25' },
};

/** The largest file that is read is a module of 17 kB or the text of 52 kB. */
const LARGEST_FILE = 2 ** 20;

export const reasoningGym: Suite = {
  name: 'reasoning-gym',
  title: 'reasoning-gym: arithmetic, algorithms and logic at three difficulties',
  source: REASONING_GYM_SOURCE,
  templates: [puzzleChat, puzzleBase],
  load: (context) => itemsOfParts([0], context),
};

/**
 * Items that are none of the suite's, for training: `count` or more of them, as evenly as can be of every family
 * and difficulty, and never more than {@link MOST_FURTHER_ITEMS}. Rejects like the suite.
 */
export function furtherItems(count: number, context: LoadContext): Promise<LoadedSuite> {
  const wanted = Math.min(count, MOST_FURTHER_ITEMS);
  const parts = Math.max(1, Math.ceil(wanted / (LEVELS.length * ITEMS_PER_LEVEL)));
  return itemsOfParts(
    Array.from({ length: parts }, (_, index) => index + 1),
    context,
  );
}

async function itemsOfParts(parts: readonly number[], context: LoadContext): Promise<LoadedSuite> {
  const wheel = await suiteBytes(REASONING_GYM_SOURCE, context);
  const place = context.dataFile ?? REASONING_GYM_SOURCE.fileName;
  const file = packageFiles(wheel, place);
  const digest = createHash('sha256').update(wheel).digest('hex');
  const data = JSON.stringify([digest, FAMILIES, ITEMS_PER_LEVEL, parts]);
  const levels = parts.flatMap((part) => LEVELS.map((level) => ({ ...level, part })));
  const loaded = await remembered(reasoningGym.name, data, context, () =>
    loadEach(levels, (level) => levelItems(level, file, context), context),
  );
  return { ...loaded, items: inTurn(loaded.items) };
}

interface Level {
  readonly family: Family;
  readonly difficulty: Difficulty;
}

const LEVELS: readonly Level[] = FAMILIES.flatMap((family) =>
  DIFFICULTIES.map((difficulty) => ({ family, difficulty })),
);

/** What the seeds of all levels give beside the suite: some 53,000. */
const MOST_FURTHER_ITEMS = LEVELS.length * ITEMS_PER_LEVEL * (PARTS - 1);

async function levelItems(
  { family, difficulty, part }: Level & { readonly part: number },
  file: PackageFile,
  context: LoadContext,
): Promise<LoadedSuite> {
  const drawn = await generateItems(family, difficulty, part, file, context);
  if (typeof drawn === 'string') {
    return { items: [], leftOut: [{ id: `${family.name}/${difficulty}`, reason: drawn }] };
  }
  const made = drawn.map(({ question, answer }, index): LoadedSuite => {
    const id = itemName(family, difficulty, part * ITEMS_PER_LEVEL + index);
    const output = answerLiteral(answer, family.answer);
    if (output === undefined) {
      return { items: [], leftOut: [{ id, reason: 'Its generator states no answer.' }] };
    }
    const examples = [{ input: '', output }];
    const task = { mode: 'deduction', program: '', examples, visible: 0 } as const;
    return {
      items: [{ id, task: { ...task, message: question, stratum: difficulty, itemId: id } }],
      leftOut: [],
    };
  });
  return {
    items: made.flatMap(({ items }) => items),
    leftOut: made.flatMap(({ leftOut }) => leftOut),
  };
}

/** The first item of every level, then the second of each: the first so many items are of all kinds. */
function inTurn(items: readonly SuiteItem[]): SuiteItem[] {
  const numberOf = ({ id }: SuiteItem) => Number(id.split('/').at(-1));
  return items.toSorted((left, right) => numberOf(left) - numberOf(right));
}

/** Files of the package in its wheel. They throw ProblemError `invalid-suite-data`. */
function packageFiles(wheel: Buffer, place: string): PackageFile {
  return (path) => {
    const member = `reasoning_gym/${path}`;
    const bytes = memberOf(wheel, member, place);
    if (bytes !== undefined) return decodeUtf8(bytes, `${member} in ${place}`);
    throw unreadable(place, `it holds no file ${member}`);
  };
}

function memberOf(wheel: Buffer, member: string, place: string): Buffer | undefined {
  try {
    return zipMember(wheel, member, LARGEST_FILE);
  } catch (error) {
    throw unreadable(place, error instanceof Error ? error.message : 'it is damaged');
  }
}

function unreadable(place: string, what: string): ProblemError {
  return new ProblemError({
    code: 'invalid-suite-data',
    message: `${place} is not a wheel of reasoning-gym: ${what}.`,
    remedy: 'Name a wheel of reasoning-gym 0.1.25, or leave --data out, so that it is fetched.',
  });
}
