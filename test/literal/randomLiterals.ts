/** Seeded random values, random ways to write them, and random damage to what was written. */
import type { LiteralValue } from '../../server/src/literal/value.ts';

/** A small seeded generator (mulberry32), so that a failing case can be found again. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!;
  }
}

const FLOATS = [
  0, -0, 1, -1, 0.1, 1e16, 1e-5, 1.5e300, 5e-324, 123456789.125, 1e22, -2.5e-10, 9007199254740992,
];
const CHARACTERS = [
  ...Array.from('abcXYZ 019_#\'"\\\n\t\r,:;()[]{}'),
  ' ',
  '\x00',
  '\x7f',
  'é',
  'ß',
  '√',
  '\u200b',
  '\u2028',
  '漢',
  '😀',
  '\u{e000}',
];

/** A random value, nested at most `depth` deep. */
export function randomValue(random: Random, depth: number): LiteralValue {
  const kind = random.below(depth > 0 ? 13 : 7);
  switch (kind) {
    case 0:
      return { kind: 'none' };
    case 1:
      return { kind: 'bool', value: random.next() < 0.5 };
    case 2:
      return { kind: 'int', value: randomInteger(random) };
    case 3:
      return { kind: 'float', value: randomFloat(random) };
    case 4:
      return { kind: 'str', value: randomText(random) };
    case 5:
      return { kind: 'bytes', value: randomBytes(random) };
    case 6:
      return { kind: 'complex', real: randomFloat(random), imaginary: randomFloat(random) };
    case 7:
    case 8:
      return { kind: 'list', items: randomItems(random, depth) };
    case 9:
    case 10:
      return { kind: 'tuple', items: randomItems(random, depth) };
    case 11:
      return { kind: random.pick(['set', 'frozenset']), items: distinctIntegers(random) };
    default:
      return {
        kind: 'dict',
        entries: distinctIntegers(random).map((key) => [key, randomValue(random, depth - 1)]),
      };
  }
}

function randomItems(random: Random, depth: number): LiteralValue[] {
  return Array.from({ length: random.below(4) }, () => randomValue(random, depth - 1));
}

/** Keys that no two ways of comparing take for equal. */
function distinctIntegers(random: Random): LiteralValue[] {
  const count = random.below(4);
  return Array.from({ length: count }, (_, index) =>
    random.next() < 0.5
      ? { kind: 'int', value: BigInt(index * 7 - 9) }
      : { kind: 'str', value: `${randomText(random)}${index}` },
  );
}

function randomInteger(random: Random): bigint {
  const digits = 1 + random.below(random.next() < 0.05 ? 60 : 6);
  const text = Array.from({ length: digits }, () => random.below(10)).join('');
  return random.next() < 0.5 ? BigInt(text) : -BigInt(text);
}

function randomFloat(random: Random): number {
  if (random.next() < 0.5) return random.pick(FLOATS);
  return (random.next() - 0.5) * 10 ** (random.below(40) - 20);
}

function randomText(random: Random): string {
  return Array.from({ length: random.below(8) }, () => random.pick(CHARACTERS)).join('');
}

function randomBytes(random: Random): string {
  return String.fromCharCode(...Array.from({ length: random.below(6) }, () => random.below(256)));
}

/** Source fragments that a literal parser has to get right, or refuse. */
const FRAGMENTS = [
  ...[
    '0',
    '00',
    '007',
    '1_000',
    '1__0',
    '_1',
    '1_',
    '0x_fF',
    '0xg',
    '0b102',
    '0b11',
    '0o17',
    '0O_7',
  ],
  ...[
    '1.',
    '.5',
    '1e5',
    '1E+5',
    '1e',
    '1_0.0_1e1_0',
    '01.5',
    '01e2',
    '1e999',
    '3j',
    '0x1j',
    '1.5J',
  ],
  ...['01j', '1.e3j', '0_0', '1.2.3', '1..2', '0b', '9'.repeat(40)],
  ...["'a'", '"b"', "''", "'''x'''", '"""y\nz"""', "'a\\nb'", "'\\x41'", "'\\x4'", "'\\u00e9'"],
  ...["'\\U0001F600'", "'\\U00110000'", "'\\101'", "'\\777'", "'\\q'", "r'\\n'", "R'\\''", "u'x'"],
  ...[
    "b'x'",
    "B'\\xff'",
    "b'\\777'",
    "rb'\\x'",
    "bR'z'",
    "b'é'",
    "ur'x'",
    "b'\\u0041'",
    "'a\\\nb'",
  ],
  ...["'é'", "'a' 'b'", "'a' b'b'", "b'a' b'b'", "'unclosed", '"""open', "'line\nbreak'"],
  ...[
    '[]',
    '()',
    '{}',
    '(,)',
    '[,]',
    '[1,]',
    '(1,)',
    '(1)',
    '((1))',
    '{1}',
    '{1,}',
    '{1:2}',
    '{1:2,}',
  ],
  ...[
    '{1:2, 3}',
    '{1, 2:3}',
    '{[1]}',
    '{[1]:2}',
    '{(1,):2}',
    '{(1,[2]):3}',
    '{1:1, 1:2}',
    '{1, True}',
  ],
  ...['{1.0: 2, 1: 3}', 'set()', 'True', 'False', 'None', 'true', 'name', '-1', '+1', '--1', '- 1'],
  ...[
    '-True',
    '-(1)',
    '-(-1)',
    '+(1+2j)',
    '1+2j',
    '1-2j',
    '-1-2j',
    '1j+2',
    '1+2',
    '1+2j+3j',
    '1+-2j',
  ],
  ...[
    '(1)+2j',
    '1.5+0j',
    '(-1)+2j',
    'True+1j',
    '-1.5',
    '-2j',
    '1 +\t2j',
    '~1',
    'not 1',
    '1 if 1 else 2',
  ],
  ...[
    '[1][0]',
    "'a'.b",
    'f(1)',
    '*1',
    '[*[1]]',
    '{**{}}',
    'lambda: 1',
    '(yield)',
    '1 2',
    '1;2',
    '1=1',
  ],
  ...[
    '[1,\n2]',
    '(1\n,)',
    '[1, # c\n2]',
    '1 # c',
    '1, 2',
    '1,',
    ',1',
    '1,\n2',
    '(1,\\\n2)',
    '1 \\\n',
  ],
  ...["f'x'", "f''", "rf'x'", '0xFFFFFFFFFFFFFFFFFFFF', '1e-400', '$', '?', '!', '`1`', '\f1'],
];

const JOINTS = [', ', ',', ' ', '', ': ', ' + ', '\n', '-', ' # x\n', ' \\\n'];
const WRAPPERS = [
  ['[', ']'],
  ['(', ')'],
  ['{', '}'],
  ['(', ',)'],
  ['[', ',]'],
  ['[', ''],
  ['', ')'],
  ['', ''],
] as const;

/** Python source that may or may not be a literal. */
export function randomSource(random: Random, depth: number): string {
  if (depth === 0 || random.next() < 0.3) return random.pick(FRAGMENTS);
  const [opening, closing] = random.pick(WRAPPERS);
  const parts: string[] = [];
  const joint = random.next() < 0.7 ? ', ' : random.pick(JOINTS);
  for (let count = random.below(4); count >= 0; count -= 1) {
    parts.push(randomSource(random, depth - 1));
  }
  return opening + parts.join(joint) + closing;
}

/** `text` with a few characters removed, repeated or replaced. */
export function damage(random: Random, text: string): string {
  const characters = Array.from(text);
  for (let count = 1 + random.below(3); count > 0 && characters.length > 0; count -= 1) {
    const position = random.below(characters.length);
    const length = random.below(3);
    const replacement = random.next() < 0.5 ? [random.pick(CHARACTERS)] : [];
    characters.splice(position, length, ...replacement);
  }
  return characters.join('');
}
