/** Items of a family of reasoning-gym: the package's own generator draws them, in the sandbox. */
import { formatLiteral } from '../../literal/format.ts';
import { parseLiteral } from '../../literal/parse.ts';
import type { LiteralValue } from '../../literal/value.ts';
import { PYTHON_RANDOM } from '../pythonRandom.ts';
import type { LoadContext } from '../suite.ts';
import { SUITE_LIMITS } from '../suiteRules.ts';
import { DIFFICULTIES, type Difficulty, FAMILIES, type Family } from './families.ts';

/** Items of every family at every difficulty: of the suite, and of every further part of a level. */
export const ITEMS_PER_LEVEL = 20;
/** Between the seeds of two levels, so that no two items are drawn from one seed. */
const SEED_STRIDE = 1_000;
/** Parts of a level that have seeds. The suite has the first. */
export const PARTS = SEED_STRIDE / ITEMS_PER_LEVEL;
/** For all items of one level. */
const LIMITS = { ...SUITE_LIMITS, cpuMs: 20_000, wallMs: 90_000, outputCharacters: 1_000_000 };

/** An item as the generator states it. */
export interface GeneratedItem {
  readonly question: string;
  readonly answer: string;
}

/** Reads a file of the package by its path below `reasoning_gym`. */
export type PackageFile = (path: string) => string;

/**
 * The items of one part of a level, in the order of their seeds, or a sentence that says why there are none.
 * They are drawn twice, in two processes that differ in hash seed: an item is a function of its seed alone.
 * @param part from 0, less than {@link PARTS}
 */
export async function generateItems(
  family: Family,
  difficulty: Difficulty,
  part: number,
  file: PackageFile,
  { sandbox, signal }: Pick<LoadContext, 'sandbox' | 'signal'>,
): Promise<readonly GeneratedItem[] | string> {
  const first = firstSeed(family, difficulty) + part * ITEMS_PER_LEVEL;
  const program = generatorProgram(family, difficulty, first, file);
  const options = { limits: LIMITS, signal };
  const [once, again] = await Promise.all([
    sandbox.run(program, '', { ...options, variant: 0 }),
    sandbox.run(program, '', { ...options, variant: 1 }),
  ]);
  if (once.outcome !== 'ok') return `Its generator fails: ${once.message ?? once.outcome}`;
  if (once.output !== again.output) return 'Its generator draws other items every time.';
  const drawn = parseLiteral(once.output!, { characters: LIMITS.outputCharacters, depth: 3 });
  if (!drawn.ok || drawn.value.kind !== 'list') return 'Its generator draws no items.';
  return drawn.value.items.map(itemOf);
}

/** The seed of the first item of a level; each further one has the next. */
export function firstSeed(family: Family, difficulty: Difficulty): number {
  const level = FAMILIES.indexOf(family) * DIFFICULTIES.length + DIFFICULTIES.indexOf(difficulty);
  return (level + 1) * SEED_STRIDE;
}

function itemOf(value: LiteralValue): GeneratedItem {
  const [question, answer] = value.kind === 'tuple' ? value.items : [];
  return { question: textOf(question), answer: textOf(answer) };
}

function textOf(value: LiteralValue | undefined): string {
  return value?.kind === 'str' ? value.value : '';
}

/**
 * The modules of the package that the family needs, executed one after another under their own names. The
 * package itself cannot be imported in the sandbox: it would load every family, and what those need.
 */
function generatorProgram(
  family: Family,
  difficulty: Difficulty,
  first: number,
  file: PackageFile,
): string {
  const { name, area, levels, readsText } = family;
  const modules: readonly (readonly [name: string, source: string])[] = [
    ['reasoning_gym', ''],
    ['reasoning_gym.utils', file('utils.py')],
    ['reasoning_gym.dataset', file('dataset.py')],
    ['reasoning_gym.coaching', ''],
    ['reasoning_gym.coaching.attributes', file('coaching/attributes.py')],
    ['reasoning_gym.coaching.base_curriculum', file('coaching/base_curriculum.py')],
    ['reasoning_gym.coaching', COACHING],
    ['reasoning_gym.factory', file('factory.py')],
    ['reasoning_gym.data', readsText === true ? readingText(file(`data/${TEXT_FILE}`)) : ''],
    [`reasoning_gym.${area}`, ''],
    [`reasoning_gym.${area}.${name}`, file(`${area}/${name}.py`)],
  ];
  const loads = modules.map(([path, source]) => `_load(${quoted(path)}, ${quoted(source)})`);
  return `${PYTHON_RANDOM}
import sys, types

def _load(path, source):
    module = sys.modules.get(path) or types.ModuleType(path)
    module.__path__ = []
    module.__package__ = path if source == "" else path.rpartition(".")[0]
    sys.modules[path] = module
    above, _, name = path.rpartition(".")
    if above:
        setattr(sys.modules[above], name, module)
    exec(compile(source, path, "exec"), module.__dict__)

${loads.join('\n')}

def f():
    from reasoning_gym.factory import create_dataset
    count, first = ${String(ITEMS_PER_LEVEL)}, ${String(first)}
    items = create_dataset(${quoted(name)}, ${levels[difficulty]}, size=count, seed=first)
    drawn = [items[index] for index in range(count)]
    return [(item["question"], str(item["answer"])) for item in drawn]
`;
}

/** In place of the package's own, which loads its files of settings and tables of scores too. */
const COACHING = `from reasoning_gym.coaching.attributes import *
from reasoning_gym.coaching.base_curriculum import BaseCurriculum
`;

const TEXT_FILE = 'in_the_year_2889.txt';

/** In place of the package's own, which opens files. */
function readingText(text: string): string {
  return `_TEXTS = {${quoted(TEXT_FILE)}: ${quoted(text)}}
def read_data_file(name):
    return _TEXTS[name]
`;
}

function quoted(text: string): string {
  return formatLiteral({ kind: 'str', value: text });
}
