/** reasoning-gym: its items are those that CPython draws with the package, the same whatever is asked for. */
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { ProblemError } from '../../server/protocol/problem.ts';
import type { PythonSandbox } from '../../server/protocol/sandbox.ts';
import { enginePython } from '../../server/src/machine/enginePython.ts';
import { openSandbox } from '../../server/src/sandbox/openSandbox.ts';
import { suiteBytes } from '../../server/src/suites/data/dataSource.ts';
import { zipMember } from '../../server/src/suites/data/zipMember.ts';
import { PYTHON_RANDOM } from '../../server/src/suites/pythonRandom.ts';
import { DIFFICULTIES, FAMILIES } from '../../server/src/suites/reasoningGym/families.ts';
import {
  firstSeed,
  type GeneratedItem,
  generateItems,
  ITEMS_PER_LEVEL,
} from '../../server/src/suites/reasoningGym/generateItems.ts';
import {
  REASONING_GYM_SOURCE,
  reasoningGym,
} from '../../server/src/suites/reasoningGym/reasoningGym.ts';
import { answerLiteral } from '../../server/src/suites/reasoningGym/answers.ts';
import type { LoadedSuite } from '../../server/src/suites/suite.ts';
import { randomSource } from '../randomJson.ts';
import { judged } from './suiteFixture.ts';

const FOLDER = path.resolve(import.meta.dirname, '../../.tools/evaluation');

let sandbox: PythonSandbox;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'reasoning-gym-'));
  sandbox = await openSandbox('wasm', { workers: 2 });
});
afterAll(async () => {
  await sandbox.close();
  rmSync(folder, { recursive: true });
});

async function python(code: string, ...words: readonly string[]): Promise<string> {
  const { stdout } = await execa(enginePython(), ['-I', '-c', code, ...words], {
    ...{ env: {}, extendEnv: false, stdin: 'ignore', maxBuffer: 2 ** 26 },
  });
  return stdout;
}

/** Whatever the generators of benchmarks draw with, in an order in which each draw moves the next. */
const DRAWS = `
def draws(Random):
    drawn = []
    for seed in (0, 1, -5, 54_019, 2 ** 32, 2 ** 70 + 3):
        rng = Random(seed)
        items = list(range(60))
        rng.shuffle(items)
        drawn.append((
            items,
            [rng.randint(-3, 10 ** size) for size in range(25)],
            [rng.random() for _ in range(700)],
            [rng.uniform(-2, 7.5) for _ in range(3)],
            rng.choice("abcdef"), rng.randrange(10, 100, 7), rng.randrange(100, 10, -7),
            rng.sample(range(1000), 30), rng.sample([1, 2, 3], 2), rng.sample("abcdefgh" * 5, 6),
            rng.choices("abc", k=9), rng.choices("abc", weights=[1, 2.5, 3], k=9),
            rng.getrandbits(5), rng.getrandbits(77), rng.getrandbits(0),
        ))
    return repr(drawn)
`;

test('the numbers of a seed are those that CPython draws', async () => {
  const program = `${PYTHON_RANDOM}${DRAWS}\ndef f():\n    from random import Random\n    return draws(Random)\n`;
  const limits = { outputCharacters: 1_000_000, cpuMs: 10_000 };
  const { output } = await sandbox.run(program, '', { limits });
  const expected = await python(`${DRAWS}\nimport random\nprint(repr(draws(random.Random)))`);
  expect(output).toBe(expected);
});

test('nothing is drawn without a seed', async () => {
  for (const call of ['Random()', 'Random("x")', 'Random(None)']) {
    const program = `${PYTHON_RANDOM}\ndef f():\n    from random import Random\n    return ${call}.random()\n`;
    expect(await sandbox.run(program, '')).toMatchObject({ exceptionType: 'ValueError' });
  }
});

describe('a ZIP archive', () => {
  let zip: Buffer;
  beforeAll(async () => {
    const file = path.join(folder, 'made.zip');
    await python(
      `import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as made:
    made.writestr("a/ä.txt", "first " * 1000, zipfile.ZIP_DEFLATED)
    made.writestr("stored", b"second", zipfile.ZIP_STORED)
    made.writestr("bz", b"third" * 100, zipfile.ZIP_BZIP2)
    made.comment = b"A comment"`,
      file,
    );
    zip = readFileSync(file);
  });

  test('gives the files that Python put there', () => {
    expect(zipMember(zip, 'a/ä.txt', 10_000)?.toString()).toBe('first '.repeat(1000));
    expect(zipMember(zip, 'stored', 6)?.toString()).toBe('second');
    expect(zipMember(zip, 'a', 10_000)).toBeUndefined();
  });

  test('gives nothing that is too large, packed in another way, or no archive', () => {
    expect(() => zipMember(zip, 'a/ä.txt', 5_999)).toThrow(RangeError);
    expect(() => zipMember(zip, 'stored', 5)).toThrow(RangeError);
    expect(() => zipMember(zip, 'bz', 10_000)).toThrow(RangeError);
    expect(() => zipMember(Buffer.from('not one'), 'a', 1)).toThrow(RangeError);
    expect(() => zipMember(Buffer.alloc(0), 'a', 1)).toThrow(RangeError);
  });

  test('that is damaged anywhere gives a file, none, or an error', () => {
    const random = randomSource(3);
    for (let round = 0; round < 3_000; round += 1) {
      const damaged = Buffer.from(zip);
      for (let count = 0; count < 3; count += 1) {
        damaged[Math.floor(random() * damaged.length)] = Math.floor(random() * 256);
      }
      try {
        expect(zipMember(damaged, 'a/ä.txt', 10_000)?.length ?? 0).toBeLessThanOrEqual(10_000);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
        expect(error).not.toBeInstanceOf(TypeError);
      }
    }
  });
});

/** The wheel through pip, once; undefined where there is no network. */
async function wheelBytes(): Promise<Buffer | undefined> {
  const { signal } = new AbortController();
  const context = { cacheFolder: FOLDER, signal, onProgress: () => undefined };
  try {
    return await suiteBytes(REASONING_GYM_SOURCE, context);
  } catch (error) {
    if (error instanceof ProblemError && error.code === 'no-suite-data') return undefined;
    throw error;
  }
}

/**
 * The package in a Python of its own: its modules, real `random`, and its own reader of texts. Only the two
 * packages are stood in for whose own code would load what is not installed.
 */
const REFERENCE = `import importlib, json, sys, types
wheel, families, difficulties = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])
sys.path.insert(0, wheel)
def stand_in(name):
    module = types.ModuleType(name)
    module.__path__ = [wheel + "/" + name.replace(".", "/")]
    sys.modules[name] = module
    return module
stand_in("reasoning_gym")
coaching = stand_in("reasoning_gym.coaching")
for part in ("attributes", "base_curriculum"):
    coaching.__dict__.update(vars(importlib.import_module("reasoning_gym.coaching." + part)))
factory = importlib.import_module("reasoning_gym.factory")
drawn = {}
for family in families:
    stand_in("reasoning_gym." + family["area"])
    importlib.import_module("reasoning_gym.%s.%s" % (family["area"], family["name"]))
    for difficulty, (level, seed) in family["levels"].items():
        items = eval("factory.create_dataset(%r, %s, seed=seed)" % (family["name"], level))
        for number in family["numbers"]:
            item = items[number]
            name = "%s/%s/%d" % (family["name"], difficulty, number)
            drawn[name] = [item["question"], str(item["answer"])]
print(json.dumps(drawn))
`;

const wheel = await wheelBytes();
describe.skipIf(wheel === undefined)('reasoning-gym, from PyPI', () => {
  let loaded: LoadedSuite;
  const load = (changes: object = {}) =>
    reasoningGym.load({
      ...{ sandbox, cacheFolder: path.join(folder, 'cache') },
      ...{ signal: new AbortController().signal, onProgress: () => undefined },
      ...changes,
    });

  beforeAll(async () => {
    const cache = path.join(folder, 'cache');
    mkdirSync(cache);
    const { fileName } = REASONING_GYM_SOURCE;
    copyFileSync(path.join(FOLDER, fileName), path.join(cache, fileName));
    loaded = await load();
  }, 300_000);

  test('has twenty items of every family at every difficulty, of all kinds from the first', () => {
    expect(loaded.leftOut).toEqual([]);
    const levels = FAMILIES.length * DIFFICULTIES.length;
    expect(loaded.items).toHaveLength(levels * ITEMS_PER_LEVEL);
    const first = loaded.items.slice(0, levels).map(({ id }) => id);
    expect(new Set(first).size).toBe(levels);
    expect(first.every((id) => id.endsWith('/0'))).toBe(true);
    const strata = new Set(loaded.items.map(({ task }) => task.stratum));
    expect([...strata]).toEqual([...DIFFICULTIES]);
    const questions = new Set(loaded.items.map(({ task }) => task.message));
    // Of small numbers, a few questions are drawn twice.
    expect(questions.size).toBeGreaterThan(0.95 * loaded.items.length);
  });

  test('has the items that CPython draws with the package', async () => {
    const numbers = [0, 7, ITEMS_PER_LEVEL - 1];
    const families = FAMILIES.map((family) => ({
      ...{ name: family.name, area: family.area, numbers },
      levels: Object.fromEntries(
        DIFFICULTIES.map((one) => [one, [family.levels[one], firstSeed(family, one)]]),
      ),
    }));
    const place = path.join(FOLDER, REASONING_GYM_SOURCE.fileName);
    const drawn = JSON.parse(
      await python(REFERENCE, place, JSON.stringify(families), '3'),
    ) as Readonly<Record<string, [string, string]>>;
    expect(Object.keys(drawn)).toHaveLength(families.length * 3 * numbers.length);
    const byId = new Map(loaded.items.map(({ id, task }) => [id, task]));
    for (const [id, [question, answer]] of Object.entries(drawn)) {
      const task = byId.get(id);
      const family = FAMILIES.find(({ name }) => id.startsWith(`${name}/`))!;
      expect(task?.message, id).toBe(question);
      expect(task?.examples[0]?.output, id).toBe(answerLiteral(answer, family.answer));
    }
  });

  test('has further items for training, drawn from seeds that the suite does not use', async () => {
    const numbers = [ITEMS_PER_LEVEL, 2 * ITEMS_PER_LEVEL - 1];
    const some = FAMILIES.filter(({ name }) => ['gcd', 'word_sorting'].includes(name));
    const families = some.map((family) => ({
      ...{ name: family.name, area: family.area, numbers },
      levels: { hard: [family.levels.hard, firstSeed(family, 'hard')] },
    }));
    const place = path.join(FOLDER, REASONING_GYM_SOURCE.fileName);
    const drawn = JSON.parse(
      await python(REFERENCE, place, JSON.stringify(families), '3'),
    ) as Readonly<Record<string, [string, string]>>;
    expect(Object.keys(drawn)).toHaveLength(4);
    const file = (member: string) =>
      zipMember(readFileSync(place), `reasoning_gym/${member}`, 2 ** 20)!.toString();
    for (const family of some) {
      const { signal } = new AbortController();
      const items = await generateItems(family, 'hard', 1, file, { sandbox, signal });
      expect(items).toHaveLength(ITEMS_PER_LEVEL);
      const [first, last] = numbers.map((number) => drawn[`${family.name}/hard/${number}`]);
      const ends = [items[0], items.at(-1)] as readonly GeneratedItem[];
      expect(ends.map(({ question, answer }) => [question, answer])).toEqual([first, last]);
    }
  });

  test('takes the answer of every item, and not what only looks like one', async () => {
    const cheats = [
      ['an expression', 'eval(input())'],
      ['several answers', '0 1 2 3 true false'],
      ['an object', 'type("A", (), {"__eq__": lambda s, o: True})()'],
      ['the words of the prompt', 'the answer alone'],
      ['a printed text', 'print("1")'],
    ] as const;
    for (const { id, task } of loaded.items.slice(0, 108)) {
      const stated = task.examples[0]!.output.replace(/^'|'$/g, '');
      const right = await judged({ sandbox, suite: reasoningGym }, task, `So.\nAnswer: ${stated}`);
      expect(right?.verdict, id).toBe('correct');
      for (const [name, cheat] of cheats) {
        // `print("1")` states a 1, which is what some tasks ask for.
        if (/^'?1'?$/.test(task.examples[0]!.output)) continue;
        const wrong = await judged({ sandbox, suite: reasoningGym }, task, `Answer: ${cheat}`);
        expect(wrong?.verdict, `${id}: ${name}`).not.toBe('correct');
      }
    }
  });

  test('is remembered, and made again where what is remembered was changed', async () => {
    let prepared = 0;
    const onProgress = () => {
      prepared += 1;
    };
    expect(await load({ onProgress })).toEqual(loaded);
    expect(prepared).toBe(0);
    const kept = path.join(folder, 'cache', 'prepared');
    const [name] = readdirSync(kept).filter((file) => file.startsWith('reasoning-gym'));
    const file = path.join(kept, name!);
    const content = readFileSync(file, 'utf8');
    // Another gold answer in a file that still has its form.
    writeFileSync(file, content.replace(/"output":"[^"]*"/, '"output":"424242"'));
    expect(readFileSync(file, 'utf8')).not.toBe(content);
    expect(await load({ onProgress })).toEqual(loaded);
    expect(prepared).toBeGreaterThan(0);
  }, 300_000);

  test('is refused where its wheel is another, or not one', async () => {
    const cacheFolder = path.join(folder, 'changed');
    mkdirSync(cacheFolder);
    const file = path.join(cacheFolder, REASONING_GYM_SOURCE.fileName);
    const damaged = Buffer.from(wheel!);
    damaged[5_000] = damaged[5_000]! ^ 1;
    writeFileSync(file, damaged);
    await expect(load({ cacheFolder })).rejects.toMatchObject({
      code: 'suite-data-changed',
      message: expect.stringContaining(
        createHash('sha256').update(damaged).digest('hex'),
      ) as unknown,
    });
    const mine = path.join(folder, 'mine.whl');
    writeFileSync(mine, 'not a wheel');
    await expect(load({ dataFile: mine })).rejects.toMatchObject({
      code: 'invalid-suite-data',
      message: expect.stringContaining(`${mine} is not a wheel of reasoning-gym`) as unknown,
    });
    writeFileSync(mine, wheel!.subarray(0, 1_000_000));
    await expect(load({ dataFile: mine })).rejects.toMatchObject({ code: 'invalid-suite-data' });
  });
});
