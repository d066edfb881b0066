/** Further inputs near one that exists: of the same types, so that the program it was made for may take them. */
import { hashKey } from './canonicalKey.ts';
import type { ArgumentList, LiteralValue } from './value.ts';

/** Numbers in [0, 1), one a call. */
export type Random = () => number;

/** Digits of integers that are replaced; a longer one is only moved by a little. */
const MOST_DIGITS = 15;

/** Types of the arguments, such as `list[int], key=str`: equal for inputs that one program may take. */
export function signatureOf({ positional, named }: ArgumentList): string {
  const byName = named.map(({ name, value }) => `${name}=${typeOf(value)}`).sort();
  return [...positional.map(typeOf), ...byName].join(', ');
}

function typeOf(value: LiteralValue): string {
  switch (value.kind) {
    case 'list':
    case 'set':
    case 'frozenset':
      return `${value.kind}[${typesOf(value.items)}]`;
    case 'tuple':
      return `tuple[${value.items.map(typeOf).join(', ')}]`;
    case 'dict': {
      const [keys, values] = [0, 1].map((side) =>
        typesOf(value.entries.map((entry) => entry[side]!)),
      );
      return `dict[${keys!}: ${values!}]`;
    }
    default:
      return value.kind;
  }
}

function typesOf(values: readonly LiteralValue[]): string {
  return [...new Set(values.map(typeOf))].sort().join(' | ');
}

/** The same call with one argument changed a little. Without arguments, or with `None` alone, it stays as it is. */
export function varyArguments({ positional, named }: ArgumentList, random: Random): ArgumentList {
  const place = below(positional.length + named.length, random);
  const changed = (value: LiteralValue, index: number) =>
    index === place ? varyValue(value, random) : value;
  return {
    positional: positional.map(changed),
    named: named.map(({ name, value }, index) => ({
      name,
      value: changed(value, positional.length + index),
    })),
  };
}

/** A value of the same type. */
function varyValue(value: LiteralValue, random: Random): LiteralValue {
  switch (value.kind) {
    case 'none':
      return value;
    case 'bool':
      return { kind: 'bool', value: !value.value };
    case 'int':
      return { kind: 'int', value: varyInteger(value.value, random) };
    case 'float':
      return { kind: 'float', value: varyFloat(value.value, random) };
    case 'complex':
      return { ...value, real: varyFloat(value.real, random) };
    case 'str':
    case 'bytes': {
      const edited = editItems(Array.from(value.value), varyCharacter, random);
      return { kind: value.kind, value: edited.length === 0 ? 'a' : edited.join('') };
    }
    case 'list':
      return { kind: 'list', items: editItems(value.items, varyValue, random) };
    case 'tuple':
      return { kind: 'tuple', items: replaceOne(value.items, varyValue, random) };
    case 'set':
    case 'frozenset': {
      const items = replaceOne(value.items, varyValue, random);
      // Two items that have become equal would be one to Python, and no literal of ours has that.
      return new Set(items.map(hashKey)).size === items.length ? { ...value, items } : value;
    }
    case 'dict': {
      const values = replaceOne(
        value.entries.map(([, one]) => one),
        varyValue,
        random,
      );
      return {
        kind: 'dict',
        entries: value.entries.map(([key], index) => [key, values[index]!] as const),
      };
    }
  }
}

/** Moved by up to three, or another number of as many digits; the sign stays. */
function varyInteger(value: bigint, random: Random): bigint {
  const negative = value < 0n;
  const size = negative ? -value : value;
  const digits = size.toString().length;
  let other: bigint;
  if (digits > MOST_DIGITS || random() < 0.5) {
    const step = BigInt(1 + below(3, random));
    other = random() < 0.5 && size >= step ? size - step : size + step;
  } else {
    const least = digits === 1 ? 0 : 10 ** (digits - 1);
    other = BigInt(least + below(10 ** digits - least, random));
  }
  return negative ? -other : other;
}

/** Another number with as many decimals. */
function varyFloat(value: number, random: Random): number {
  if (!Number.isFinite(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER) return value;
  const decimals = /\.(\d+)$/.exec(String(value))?.[1]?.length ?? 1;
  const step = (1 + below(9, random)) * 10 ** -decimals;
  return Number((value + (random() < 0.5 ? -step : step)).toFixed(decimals));
}

/** A letter or digit near it in its alphabet; any other character stays. */
function varyCharacter(character: string, random: Random): string {
  const alphabet = ['0123456789', 'abcdefghijklmnopqrstuvwxyz', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'].find(
    (one) => one.includes(character),
  );
  if (alphabet === undefined) return character;
  const step = 1 + below(3, random);
  const place = alphabet.indexOf(character) + (random() < 0.5 ? -step : step);
  return alphabet.at(place % alphabet.length)!;
}

/** One item replaced, left out, doubled with a change, or swapped with another. Of one item, at least one stays. */
function editItems<Item>(
  items: readonly Item[],
  vary: (item: Item, random: Random) => Item,
  random: Random,
): Item[] {
  const [edited, place] = [[...items], below(items.length, random)];
  if (items.length === 0) return edited;
  const kind = below(items.length === 1 ? 2 : 4, random);
  if (kind === 0) return replaceOne(items, vary, random);
  if (kind === 1) edited.splice(place, 0, vary(items[place]!, random));
  else if (kind === 2) edited.splice(place, 1);
  else {
    const other = below(items.length, random);
    [edited[place], edited[other]] = [edited[other]!, edited[place]!];
  }
  return edited;
}

function replaceOne<Item>(
  items: readonly Item[],
  vary: (item: Item, random: Random) => Item,
  random: Random,
): Item[] {
  const place = below(items.length, random);
  return items.map((item, index) => (index === place ? vary(item, random) : item));
}

/** Uniform integer in [0, count); 0 for a count of 0. */
function below(count: number, random: Random): number {
  return Math.floor(random() * count);
}
